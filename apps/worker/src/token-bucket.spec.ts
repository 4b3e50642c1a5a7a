import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fcParameters } from '@tops/testing';
import { VirtualTiming } from '../test/fake/virtual-timing.ts';
import { TokenBucket } from './token-bucket.ts';

describe('TokenBucket', () => {
  it('grants at most burst + rate·t tokens in any window of t seconds, and no fewer than it may', () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 60 });
    const rates = fc.double({ min: 0.1, max: 50, noNaN: true });
    const bursts = fc.integer({ min: 1, max: 10 });
    fc.assert(
      fc.property(arrivals, rates, bursts, (gapsMs, ratePerSecond, burst) => {
        const timing = new VirtualTiming();
        const bucket = new TokenBucket({ ratePerSecond, burst }, timing);
        const grants = gapsMs.map((gapMs) => {
          timing.advance(gapMs);
          return timing.monotonicMs() + bucket.reserveMs();
        });
        for (const [first, fromMs] of grants.entries()) {
          for (const [last, toMs] of grants.entries()) {
            if (last < first) continue;
            const allowed = burst + ((toMs - fromMs) / 1000) * ratePerSecond;
            expect(last - first + 1).toBeLessThanOrEqual(allowed + 1e-6);
          }
        }
        // Control: a full bucket makes nobody wait.
        expect(grants[0]).toBe(gapsMs[0]);
      }),
      fcParameters(),
    );
  });

  it('gives the token back when the wait is aborted', async () => {
    const timing = new VirtualTiming();
    const bucket = new TokenBucket({ ratePerSecond: 1, burst: 1 }, timing);
    await bucket.take(new AbortController().signal);
    const impatient = new AbortController();
    const waiting = bucket.take(impatient.signal);
    impatient.abort();
    await expect(waiting).rejects.toThrow();
    expect(bucket.reserveMs()).toBe(1000);
  });
});
