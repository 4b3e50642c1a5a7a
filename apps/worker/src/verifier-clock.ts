import type { Timing } from './timing.ts';

/** What one response tells about the verifier's clock: it read somewhere in [earliest, latest] while the request was out. */
export interface ClockSample {
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly earliestUnixMs: number;
  readonly latestUnixMs: number;
  /** A Date header, or (where a proxy strips those) just the bounds of the epoch that was current. */
  readonly source: 'date' | 'epoch';
}

/** A Date header has whole seconds, and Node refreshes it by a timer that a busy event loop delays. */
const dateHeaderSlackMs = 1250;
/** Crystals drift up to about 100 ppm each; two of them apart. */
const driftPerMs = 200e-6;

/**
 * The verifier's clock as seen from here. Each response bounds the offset between the two clocks from both sides; the
 * intersection of the bounds (Marzullo's algorithm, PhD thesis 1984, for a single source) soon is far narrower than the
 * second a Date header resolves. Bounds widen with drift, and a sample that contradicts them (a stepped or slept clock)
 * starts afresh.
 */
export class VerifierClock {
  readonly #timing: Timing;
  #lowMs: number | undefined;
  #highMs: number | undefined;
  #sampledAtMs = 0;
  #hasDate = false;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  observe(sample: ClockSample): void {
    // Epoch bounds are a minute wide: they would only blur what Date headers tell.
    if (sample.source === 'epoch' && this.#hasDate) return;
    this.#hasDate ||= sample.source === 'date';
    const lowMs = sample.earliestUnixMs - sample.receivedAtMs;
    const highMs = sample.latestUnixMs - sample.sentAtMs;
    const drift = (sample.receivedAtMs - this.#sampledAtMs) * driftPerMs;
    const knownLowMs = this.#lowMs === undefined ? lowMs : this.#lowMs - drift;
    const knownHighMs = this.#highMs === undefined ? highMs : this.#highMs + drift;
    const contradicts = lowMs > knownHighMs || highMs < knownLowMs;
    this.#lowMs = contradicts ? lowMs : Math.max(lowMs, knownLowMs);
    this.#highMs = contradicts ? highMs : Math.min(highMs, knownHighMs);
    this.#sampledAtMs = sample.receivedAtMs;
  }

  /** The verifier's unix milliseconds now; before the first sample the local wall clock stands in. */
  nowMs(): number {
    if (this.#lowMs === undefined || this.#highMs === undefined) return this.#timing.unixMs();
    return this.#timing.monotonicMs() + (this.#lowMs + this.#highMs) / 2;
  }

  /** How far `nowMs` may be off, either way; 0 before the first sample, when nothing is known. */
  uncertaintyMs(): number {
    if (this.#lowMs === undefined || this.#highMs === undefined) return 0;
    return (this.#highMs - this.#lowMs) / 2;
  }
}

/** Wraps `fetch` so that every response with a Date header (RFC 9110 §6.6.1) becomes a sample. */
export function clockSamplingFetch(
  baseFetch: typeof fetch,
  deps: { clock: VerifierClock; timing: Timing },
): typeof fetch {
  return async (input, init) => {
    const sentAtMs = deps.timing.monotonicMs();
    const response = await baseFetch(input, init);
    const dateMs = Date.parse(response.headers.get('date') ?? '');
    // An Age header means a cache answered: its Date is not now.
    if (Number.isFinite(dateMs) && !response.headers.has('age')) {
      deps.clock.observe({
        sentAtMs,
        receivedAtMs: deps.timing.monotonicMs(),
        earliestUnixMs: dateMs,
        latestUnixMs: dateMs + dateHeaderSlackMs,
        source: 'date',
      });
    }
    return response;
  };
}
