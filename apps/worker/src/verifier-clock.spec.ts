import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fcParameters } from '@tops/testing';
import { VirtualTiming } from '../test/fake/virtual-timing.ts';
import { clockSamplingFetch, VerifierClock } from './verifier-clock.ts';

/** A verifier whose clock is `offsetMs` ahead of ours, answering after the given ways there and back. */
function ask(
  parts: { clock: VerifierClock; timing: VirtualTiming; offsetMs: number },
  way: { thereMs: number; backMs: number },
): void {
  const { clock, timing, offsetMs } = parts;
  const sentAtMs = timing.monotonicMs();
  timing.advance(way.thereMs);
  const verifierNowMs = timing.unixMs() + offsetMs;
  timing.advance(way.backMs);
  const wholeSecondMs = Math.floor(verifierNowMs / 1000) * 1000;
  clock.observe({
    sentAtMs,
    receivedAtMs: timing.monotonicMs(),
    earliestUnixMs: wholeSecondMs,
    latestUnixMs: wholeSecondMs + 1000,
    source: 'date',
  });
}

const ways = fc.array(
  fc.record({
    thereMs: fc.integer({ min: 0, max: 2000 }),
    backMs: fc.integer({ min: 0, max: 2000 }),
    pauseMs: fc.integer({ min: 0, max: 20_000 }),
  }),
  { minLength: 1, maxLength: 20 },
);

describe('VerifierClock', () => {
  it('is never off by more than it says', () => {
    const offsets = fc.integer({ min: -(10 ** 9), max: 10 ** 9 });
    fc.assert(
      fc.property(offsets, ways, (offsetMs, requests) => {
        const timing = new VirtualTiming();
        const clock = new VerifierClock(timing);
        for (const { pauseMs, ...way } of requests) {
          timing.advance(pauseMs);
          ask({ clock, timing, offsetMs }, way);
          const errorMs = Math.abs(clock.nowMs() - (timing.unixMs() + offsetMs));
          expect(errorMs).toBeLessThanOrEqual(clock.uncertaintyMs() + 1e-3);
        }
      }),
      fcParameters(),
    );
  });

  it('knows a stepped clock within one answer', () => {
    const timing = new VirtualTiming();
    const clock = new VerifierClock(timing);
    ask({ clock, timing, offsetMs: 0 }, { thereMs: 5, backMs: 5 });
    const offsetMs = 3_600_000;
    ask({ clock, timing, offsetMs }, { thereMs: 5, backMs: 5 });
    expect(Math.abs(clock.nowMs() - (timing.unixMs() + offsetMs))).toBeLessThanOrEqual(1010);
  });

  it('takes the local clock as long as it knows nothing', () => {
    const timing = new VirtualTiming();
    expect(new VerifierClock(timing).nowMs()).toBe(timing.unixMs());
  });

  it('lets epoch bounds stand in for Date headers, never overrule them', () => {
    const timing = new VirtualTiming();
    const clock = new VerifierClock(timing);
    const epoch = (opensInMs: number) => ({
      sentAtMs: timing.monotonicMs(),
      receivedAtMs: timing.monotonicMs(),
      earliestUnixMs: timing.unixMs() + opensInMs,
      latestUnixMs: timing.unixMs() + opensInMs + 60_000,
      source: 'epoch' as const,
    });
    clock.observe(epoch(3_600_000));
    expect(clock.nowMs() - timing.unixMs()).toBe(3_630_000);
    ask({ clock, timing, offsetMs: 0 }, { thereMs: 0, backMs: 0 });
    clock.observe(epoch(3_600_000));
    expect(Math.abs(clock.nowMs() - timing.unixMs())).toBeLessThanOrEqual(1000);
  });
});

describe('clockSamplingFetch', () => {
  const dated = (headers: Record<string, string>) => {
    const timing = new VirtualTiming();
    const clock = new VerifierClock(timing);
    const fetchOnce = async () => new Response('{}', { headers });
    return { clock, fetch: clockSamplingFetch(fetchOnce, { clock, timing }), timing };
  };
  const date = 'Mon, 23 Nov 2026 12:00:00 GMT';

  it('samples the Date header, unless a cache answered', async () => {
    const fresh = dated({ date });
    await fresh.fetch('http://localhost');
    expect(Math.abs(fresh.clock.nowMs() - Date.parse(date))).toBeLessThanOrEqual(1250);
    for (const headers of [{ date, age: '30' }, { date: 'yesterday' }, {}]) {
      const stale = dated(headers);
      await stale.fetch('http://localhost');
      expect(stale.clock.nowMs()).toBe(stale.timing.unixMs());
    }
  });
});
