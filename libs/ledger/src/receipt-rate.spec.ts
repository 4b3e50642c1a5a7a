import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { countReceipt, type RateWindow } from './receipt-rate.ts';

const count = (window: RateWindow | undefined, atMs: number, maxPerSecond = 2) =>
  countReceipt(window, { atMs, maxPerSecond });

describe('countReceipt', () => {
  it('takes so many in a window, tells how long it still lasts, and begins another at its end', () => {
    const first = { startedAtMs: 10_000, count: 1 };
    expect(count(undefined, 10_000)).toEqual({ kind: 'counted', window: first });
    const full = { ...first, count: 2 };
    expect(count(first, 10_400)).toEqual({ kind: 'counted', window: full });
    expect(count(full, 10_400)).toEqual({ kind: 'limited', retryAfterMs: 600 });
    expect(count(full, 10_999)).toEqual({ kind: 'limited', retryAfterMs: 1 });
    const next = { startedAtMs: 11_000, count: 1 };
    expect(count(full, 11_000)).toEqual({ kind: 'counted', window: next });
  });

  it('counts what a clock behind says in the window that is open, and asks for no more than a second', () => {
    const full = { startedAtMs: 10_000, count: 2 };
    expect(count({ ...full, count: 1 }, 8_000)).toEqual({ kind: 'counted', window: full });
    expect(count(full, 8_000)).toEqual({ kind: 'limited', retryAfterMs: 1000 });
    expect(count(full, 5_000)).toEqual({ kind: 'limited', retryAfterMs: 1000 });
    // Further back it was the clock that opened the window which was wrong.
    expect(count(full, 4_999)).toEqual({
      kind: 'counted',
      window: { startedAtMs: 4_999, count: 1 },
    });
  });

  it('takes a lower limit than the one the window was filled under', () => {
    expect(count({ startedAtMs: 10_000, count: 50 }, 10_001)).toMatchObject({ kind: 'limited' });
  });

  it('lets through no more than a second of limit for each second, and for the clocks’ difference once', () => {
    const arrivals = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 700 }), replica: fc.nat(2) }),
      { minLength: 1, maxLength: 200 },
    );
    const skews = fc.tuple(fc.nat(2000), fc.nat(2000), fc.nat(2000));
    fc.assert(
      fc.property(arrivals, skews, fc.integer({ min: 1, max: 5 }), (all, skewMs, maxPerSecond) => {
        let nowMs = 1_000_000;
        let window: RateWindow | undefined;
        let countedCount = 0;
        for (const { afterMs, replica } of all) {
          nowMs += afterMs;
          const verdict = countReceipt(window, { atMs: nowMs + skewMs[replica]!, maxPerSecond });
          if (verdict.kind === 'limited') {
            expect(verdict.retryAfterMs).toBeGreaterThan(0);
            expect(verdict.retryAfterMs).toBeLessThanOrEqual(1000);
            continue;
          }
          window = verdict.window;
          countedCount++;
        }
        const spanMs = nowMs - 1_000_000 + Math.max(...skewMs) - Math.min(...skewMs);
        expect(countedCount).toBeLessThanOrEqual((Math.floor(spanMs / 1000) + 1) * maxPerSecond);
      }),
      fcParameters(),
    );
  });
});
