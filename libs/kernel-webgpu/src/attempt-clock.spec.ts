import { describe, expect, it } from '@jest/globals';
import { AttemptClock, BestGemmRate, TIMED_CHUNKS_MAX } from './attempt-clock.ts';
import type { TimestampBuffers } from './device/pass-timer.ts';

const options = { rowCount: 640, chunkRows: 128, opsPerRow: 1e6 };

/** A device whose n-th chunk begins at second n and takes half a second, its layers a quarter. */
function clockOf(changes: Partial<typeof options> = {}, edit = (_times: BigUint64Array) => {}) {
  const all = { ...options, ...changes };
  const best = new BestGemmRate(0);
  const timestamps = { queries: {}, staging: {} } as TimestampBuffers;
  const clock = new AttemptClock({ ...all, timestamps: () => timestamps }, best);
  const written: (number | undefined)[] = [];
  for (let firstRow = 0; firstRow < all.rowCount; firstRow += all.chunkRows) {
    const writes = clock.writes(firstRow);
    if (!writes) continue;
    written.push(
      writes.operands.beginningOfPassWriteIndex,
      writes.layers.beginningOfPassWriteIndex,
      writes.layers.endOfPassWriteIndex,
      writes.hashes.endOfPassWriteIndex,
    );
  }
  const read = async (_buffer: GPUBuffer, byteLength: number): Promise<Uint8Array> => {
    const times = new BigUint64Array(byteLength / 8);
    for (let i = 0; i < times.length; i++) {
      const [sinceBegin = 0n] = [[0n, 100n, 350n, 500n][i % 4]];
      times[i] = BigInt(1 + Math.floor(i / 4)) * 1_000_000_000n + sinceBegin * 1_000_000n;
    }
    edit(times);
    return new Uint8Array(times.buffer);
  };
  return { clock, best, written, read };
}

describe('AttemptClock', () => {
  it('adds up the chunks by the device’s clock, and learns the rate of the layers', async () => {
    const { clock, written, read } = clockOf();
    expect(written).toEqual(Array.from({ length: 20 }, (_, i) => i));
    const time = await clock.read(read);
    expect(time).toMatchObject({ clock: 'device', bestGemmOpsPerSecond: (128 * 1e6) / 0.25 });
    expect(time.seconds).toBeCloseTo(2.5, 9);
  });

  it('counts a short last chunk as what it is', async () => {
    const { clock, best, read } = clockOf({ rowCount: 576 });
    expect((await clock.read(read)).seconds).toBeCloseTo(2.5, 9);
    expect(best.opsPerSecond).toBe((128 * 1e6) / 0.25);
  });

  it.each([
    { rowCount: 64 * 1000, chunkRows: 64 },
    { rowCount: 2 ** 24, chunkRows: 64 },
    { rowCount: 2 ** 24 - 64, chunkRows: 192 },
  ])('times a bounded part of $rowCount rows and scales it up', async (changes) => {
    const { clock, written, read } = clockOf(changes);
    expect(written.length).toBeLessThanOrEqual(TIMED_CHUNKS_MAX * 4);
    expect(written.length).toBeGreaterThanOrEqual(TIMED_CHUNKS_MAX * 2);
    expect(written).toEqual(written.map((_, i) => i));
    const { seconds } = await clock.read(read);
    const chunkCount = changes.rowCount / changes.chunkRows;
    expect(Math.abs(seconds / (chunkCount / 2) - 1)).toBeLessThan(0.01);
  });

  it.each([
    { what: 'are missing', edit: (times: BigUint64Array) => times.fill(0n) },
    { what: 'run backwards', edit: (times: BigUint64Array) => times.reverse() },
  ])('takes the wall’s clock where timestamps $what', async ({ edit }) => {
    const { clock, read } = clockOf({}, edit);
    const time = await clock.read(read);
    expect(time).toMatchObject({ clock: 'wall', bestGemmOpsPerSecond: 0 });
    expect(time.seconds).toBeLessThan(1);
  });

  it('takes the wall’s clock on a device without timestamps, and the rate of the trial', async () => {
    const clock = new AttemptClock({ ...options, timestamps: undefined }, new BestGemmRate(7));
    expect(clock.writes(0)).toBeUndefined();
    const read = async () => {
      throw new Error('nothing to read');
    };
    expect(await clock.read(read)).toMatchObject({ clock: 'wall', bestGemmOpsPerSecond: 7 });
  });
});

describe('BestGemmRate', () => {
  it('only rises, and not by what is too short to tell', () => {
    const best = new BestGemmRate(100);
    best.saw(1e9, 1e-5);
    best.saw(50, 1);
    best.saw(1e9, Number.NaN);
    expect(best.opsPerSecond).toBe(100);
    best.saw(300, 2);
    expect(best.opsPerSecond).toBe(150);
  });
});
