import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shapeProblem } from '@tops/protocol';
import { fcParameters } from '@tops/testing';
import { readPresets } from '../../src/presets.ts';
import { adaptRowCount, clampRowCount } from '../../src/row-scaling.ts';

const rowCounts = fc.integer({ min: 1, max: 2 ** 18 }).map((units) => units * 64);
const minRows = fc.integer({ min: 0, max: 2 ** 20 });

describe('row scaling', () => {
  it('always gives a row count that the protocol and the verifier take', () => {
    const wishes = fc.oneof(fc.double(), fc.integer());
    fc.assert(
      fc.property(wishes, minRows, (wish, lowest) => {
        const m = clampRowCount(wish, lowest);
        expect(shapeProblem({ m, n: 64, k: 64 })).toBeUndefined();
        expect(m).toBeGreaterThanOrEqual(lowest);
      }),
      fcParameters(),
    );
  });

  it('changes by an eighth (or one granule) at most, towards the target, and not at all near it', () => {
    const speeds = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
    const targets = fc.integer({ min: 10, max: 600_000 });
    fc.assert(
      fc.property(rowCounts, speeds, targets, (rowCount, rowsPerMs, targetMs) => {
        const next = adaptRowCount({ rowCount, rowsPerMs, targetMs, minRows: 64 });
        const wanted = rowsPerMs * targetMs;
        expect(next).toBeLessThanOrEqual(Math.max(rowCount * 1.125, rowCount + 64));
        expect(next).toBeGreaterThanOrEqual(Math.floor(rowCount / 1.125 / 64) * 64);
        if (Math.abs(wanted / rowCount - 1) <= 0.15) expect(next).toBe(rowCount);
        else if (wanted > rowCount) expect(next).toBeGreaterThanOrEqual(rowCount);
        else expect(next).toBeLessThanOrEqual(rowCount);
      }),
      fcParameters(),
    );
  });

  it('settles: from anywhere, a constant speed brings m to rest within the band', () => {
    fc.assert(
      fc.property(rowCounts, fc.double({ min: 1, max: 1e4, noNaN: true }), (start, rowsPerMs) => {
        let m = start;
        for (let step = 0; step < 200; step++) {
          m = adaptRowCount({ rowCount: m, rowsPerMs, targetMs: 300, minRows: 64 });
        }
        const rested = adaptRowCount({ rowCount: m, rowsPerMs, targetMs: 300, minRows: 64 });
        expect(rested).toBe(m);
        // One granule more or less is a fifth of the smallest counts.
        const ideal = Math.min(2 ** 24, rowsPerMs * 300);
        expect(Math.abs(m - ideal)).toBeLessThanOrEqual(ideal * 0.2 + 64);
      }),
      fcParameters(),
    );
  });

  it('stays put when a measurement makes no sense', () => {
    for (const rowsPerMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(adaptRowCount({ rowCount: 4096, rowsPerMs, targetMs: 300, minRows: 64 })).toBe(4096);
    }
  });
});

describe('AUTOTUNE_PRESETS', () => {
  const shapes = fc.record({
    m: rowCounts,
    n: fc.constantFrom(64, 128, 1024, 2048, 16384),
    k: fc.integer({ min: 1, max: 256 }).map((units) => units * 64),
  });

  it('reads every list of allowed shapes back', () => {
    fc.assert(
      fc.property(fc.array(shapes, { minLength: 1, maxLength: 32 }), (list) => {
        const text = list.map(({ m, n, k }) => `${m},${n},${k}`).join(';');
        expect(readPresets(text)).toEqual({ ok: true, value: list });
      }),
      fcParameters(),
    );
  });

  it('never gives a shape outside the rules, whatever the text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9,; .x+-]{0,40}$/),
      fc.array(fc.nat({ max: 20_000 }), { maxLength: 6 }).map((numbers) => numbers.join(',')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const result = readPresets(text);
        for (const shape of result.ok ? result.value : []) {
          expect(shapeProblem(shape)).toBeUndefined();
        }
      }),
      fcParameters(300),
    );
  });

  it.each([
    '',
    ';',
    '64,64',
    '64,64,64,64',
    '63,64,64',
    '64,65,64',
    '0x40,64,64',
    '64,64,-64',
    '6e3,64,64',
  ])('refuses %j', (text) => {
    expect(readPresets(text).ok).toBe(false);
    // Control: spaces and a last semicolon are all the slack there is.
    expect(readPresets(' 64, 64,64 ; ')).toEqual({
      ok: true,
      value: [{ m: 64, n: 64, k: 64 }],
    });
  });
});
