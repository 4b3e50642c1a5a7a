import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '@tops/kernel-spec';
import type { Shape } from '@tops/protocol';
import { VirtualTiming } from '../test/fake/virtual-timing.ts';
import type { ShapeSpeed } from './autotune-record.ts';
import { Autotuner, chooseTrial, type AutotuneOptions, type SpeedCache } from './autotune.ts';

const limits = { min_rows: 4096, max_weights: 2 ** 25, epoch_seconds: 60 };
const signal = new AbortController().signal;
const presets: readonly Shape[] = [
  { m: 16384, n: 1024, k: 1024 },
  { m: 16384, n: 512, k: 512 },
  { m: 16384, n: 2048, k: 2048 },
];

/** A machine with a speed of its own for each width; its clock is virtual, so trials cost nothing. */
function machine(
  gopsOf: (n: number) => number,
  options: Partial<AutotuneOptions> = {},
  speedCache?: SpeedCache,
) {
  const timing = new VirtualTiming();
  const rowCounts: number[] = [];
  const kernel = {
    commit: async ({ shape: { m, n, k } }: Attempt) => {
      rowCounts.push(m);
      timing.advance((2 * m * n * (k + n)) / (gopsOf(n) * 1e6));
      return undefined as never;
    },
  };
  const tuner = new Autotuner(
    { targetMs: 300, presets, isDisabled: false, trialRowCount: 256, ...options },
    { kernel, timing, onTrial: () => undefined, ...(speedCache && { speedCache }) },
  );
  return { tuner, rowCounts };
}

describe('Autotuner', () => {
  it('takes the fastest widths and scales m to the target', async () => {
    const { tuner } = machine((n) => (n === 512 ? 900 : 600));
    const shape = await tuner.shapeFor(limits, signal);
    expect(shape).toMatchObject({ n: 512, k: 512 });
    expect(tuner.expectedMs(shape!)).toBeGreaterThan(290);
    expect(tuner.expectedMs(shape!)).toBeLessThanOrEqual(300);
  });

  it('is not misled by a process that is slow while it starts', async () => {
    // 1024 is the faster width, but all trials before the first of 2048 meet a cold compiler, at a third of the speed.
    let isWarm = false;
    const { tuner } = machine((n) => {
      isWarm ||= n === 2048;
      return (n === 1024 ? 600 : 500) / (isWarm || n !== 1024 ? 1 : 3);
    });
    expect(await tuner.shapeFor(limits, signal)).toMatchObject({ n: 1024, k: 1024 });
  });

  it('prefers the order of the presets when the speeds are alike', async () => {
    const { tuner } = machine((n) => (n === 512 ? 609 : 600));
    expect(await tuner.shapeFor(limits, signal)).toMatchObject({ n: 1024, k: 1024 });
  });

  it('takes a slower shape whose smallest attempt is done in time over a faster one that is late', async () => {
    // 4096 rows of 2048×2048 take 0.5 s at 140 GOP/s.
    const { tuner } = machine((n) => (n === 2048 ? 140 : 120));
    expect(await tuner.shapeFor(limits, signal)).toMatchObject({ n: 1024, k: 1024 });
  });

  it('on a machine too slow for any takes the one that is done soonest', async () => {
    const { tuner } = machine(() => 1);
    expect(await tuner.shapeFor(limits, signal)).toEqual({ m: 4096, n: 512, k: 512 });
  });

  it('leaves out what the verifier does not take, and tries again when it takes more', async () => {
    const { tuner } = machine((n) => n * 10);
    const strict = { ...limits, max_weights: 2 ** 21 };
    expect(await tuner.shapeFor({ ...limits, max_weights: 4096 }, signal)).toBeUndefined();
    expect(await tuner.shapeFor(strict, signal)).toMatchObject({ n: 1024 });
    expect(await tuner.shapeFor({ ...limits, min_rows: 2 ** 25 }, signal)).toBeUndefined();
  });

  it('raises m when the verifier asks for more rows', async () => {
    const { tuner } = machine(() => 600, { presets: presets.slice(0, 1) });
    const shape = await tuner.shapeFor(limits, signal);
    const raised = await tuner.shapeFor({ ...limits, min_rows: 2 ** 20 }, signal);
    expect(raised).toEqual({ ...shape, m: 2 ** 20 });
  });

  it('chooses anew when the limits change, from the trials it has', async () => {
    const { tuner, rowCounts } = machine((n) => (n === 2048 ? 1000 : 600));
    expect(await tuner.shapeFor(limits, signal)).toMatchObject({ n: 2048 });
    const trialRuns = rowCounts.length;
    // 16 384 rows of 2048×2048 take 0.27 s at 1000 GOP/s, twice as many are late: 1024×1024 is not.
    expect(await tuner.shapeFor({ ...limits, min_rows: 32_768 }, signal)).toMatchObject({
      n: 1024,
    });
    expect(await tuner.shapeFor(limits, signal)).toMatchObject({ n: 2048 });
    expect(rowCounts).toHaveLength(trialRuns);
  });

  it('tries widths the verifier takes only now', async () => {
    const { tuner } = machine((n) => n * 10);
    const strict = { ...limits, max_weights: 2 ** 21 };
    expect(await tuner.shapeFor(strict, signal)).toMatchObject({ n: 1024 });
    expect(await tuner.shapeFor(limits, signal)).toMatchObject({ n: 2048 });
  });

  it('grows a trial until it is long enough to mean something', async () => {
    const { rowCounts, tuner } = machine(() => 5000, { presets: presets.slice(0, 1) });
    await tuner.shapeFor(limits, signal);
    expect(rowCounts.slice(0, 2)).toEqual([256, 256]);
    // 50 ms at 5000 GOP/s.
    expect(rowCounts.at(-1)! * 2 * 1024 * 2048).toBeGreaterThanOrEqual(250e9);
    expect(rowCounts.length).toBeLessThan(10);
  });

  it('follows a machine that slows down, and never asks for more than half an epoch', async () => {
    const { tuner } = machine(() => 600);
    const first = (await tuner.shapeFor(limits, signal))!;
    for (let attempt = 0; attempt < 40; attempt++) {
      const shape = (await tuner.shapeFor(limits, signal))!;
      tuner.observe(shape, {
        elapsedMs: tuner.expectedMs(first) * 2 * (shape.m / first.m),
        limits,
      });
    }
    const shape = (await tuner.shapeFor(limits, signal))!;
    expect(shape.m).toBeLessThan(first.m * 0.7);
    const { tuner: patient } = machine(() => 600, { targetMs: 60_000 });
    const long = (await patient.shapeFor({ ...limits, epoch_seconds: 4 }, signal))!;
    expect(patient.expectedMs(long)).toBeLessThanOrEqual(2000);
  });

  describe('with speeds of an earlier start', () => {
    function cacheOf(kept: readonly ShapeSpeed[]) {
      const cache = {
        kept,
        loadCount: 0,
        load: async () => {
          cache.loadCount++;
          return cache.kept;
        },
        save: async (speeds: readonly ShapeSpeed[]) => {
          cache.kept = speeds;
        },
      };
      return cache;
    }

    it('tries nothing again', async () => {
      const cache = cacheOf([]);
      const first = machine((n) => (n === 512 ? 900 : 600), {}, cache);
      const shape = await first.tuner.shapeFor(limits, signal);
      expect(cache.kept).toHaveLength(3);

      const second = machine(() => Number.NaN, {}, cache);
      expect(await second.tuner.shapeFor(limits, signal)).toEqual(shape);
      expect(await second.tuner.shapeFor({ ...limits, min_rows: 8192 }, signal)).toBeDefined();
      expect(second.rowCounts).toEqual([]);
      expect(cache.loadCount).toBe(2);
      // m still follows the machine as it is now.
      const expectedMs = second.tuner.expectedMs(shape!);
      for (let i = 0; i < 40; i++) {
        const current = (await second.tuner.shapeFor(limits, signal))!;
        const elapsedMs = 2 * expectedMs * (current.m / shape!.m);
        second.tuner.observe(current, { elapsedMs, limits });
      }
      expect((await second.tuner.shapeFor(limits, signal))!.m).toBeLessThan(shape!.m * 0.7);
    });

    it('tries what is new, forgets what is no preset any more, and keeps both', async () => {
      const cache = cacheOf([
        { n: 512, k: 512, rowsPerMs: 1 },
        { n: 64, k: 64, rowsPerMs: 1e9 },
      ]);
      const { tuner, rowCounts } = machine(() => 600, {}, cache);
      expect(await tuner.shapeFor(limits, signal)).toMatchObject({ n: 1024, k: 1024 });
      expect(rowCounts.length).toBeGreaterThan(0);
      expect(cache.kept.map(({ n }) => n).sort()).toEqual([1024, 2048, 512]);
      expect(cache.kept.find(({ n }) => n === 512)?.rowsPerMs).toBe(1);
    });

    it('reads nothing when autotune is off', async () => {
      const cache = cacheOf([]);
      const { tuner } = machine(() => 600, { isDisabled: true }, cache);
      await tuner.shapeFor(limits, signal);
      expect(cache.loadCount).toBe(0);
    });
  });

  it('AUTOTUNE_DISABLE takes the first preset as written and tries nothing', async () => {
    const { tuner, rowCounts } = machine(() => 600, { isDisabled: true });
    expect(await tuner.shapeFor(limits, signal)).toEqual(presets[0]);
    tuner.observe(presets[0]!, { elapsedMs: 9000, limits });
    expect(await tuner.shapeFor(limits, signal)).toEqual(presets[0]);
    expect(await tuner.shapeFor({ ...limits, min_rows: 32_768 }, signal)).toBeUndefined();
    expect(rowCounts).toEqual([]);
  });
});

describe('chooseTrial', () => {
  it('has nothing to choose from nothing', () => {
    expect(chooseTrial([], { limits, targetMs: 300 })).toBeUndefined();
  });
});
