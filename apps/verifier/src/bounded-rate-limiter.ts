import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from './clock.ts';

export interface BoundedRateLimiterOptions {
  readonly points: number;
  readonly windowMs: number;
  /** Distinct keys counted on their own in one window; the keys beyond share one bucket. */
  readonly maxKeys: number;
}

/** Zero when the request may pass, else the milliseconds to wait. */
export type WaitMs = number;

/**
 * A fixed-window limit per key whose memory an attacker with many keys cannot grow: past `maxKeys` keys in a window,
 * newcomers share one bucket of the same size. Keys seen before keep their own.
 */
export class BoundedRateLimiter {
  readonly #options: BoundedRateLimiterOptions;
  readonly #limiter: RateLimiterMemory;
  readonly #clock: Pick<Clock, 'nowMs'>;
  #keys = new Set<string>();
  #windowEndsMs = 0;

  constructor(options: BoundedRateLimiterOptions, clock: Pick<Clock, 'nowMs'>) {
    this.#options = options;
    this.#clock = clock;
    this.#limiter = new RateLimiterMemory({
      points: options.points,
      duration: options.windowMs / 1000,
    });
  }

  /** Charges one point to `key`. */
  async take(key: string): Promise<WaitMs> {
    try {
      await this.#limiter.consume(this.#bucketOf(key), 1);
      return 0;
    } catch (cause) {
      if (cause instanceof RateLimiterRes) return Math.max(1, cause.msBeforeNext);
      throw cause;
    }
  }

  /** Whether `take` would refuse `key` now; charges nothing. */
  async peek(key: string): Promise<WaitMs> {
    const state = await this.#limiter.get(this.#bucketOf(key));
    if (state === null || state.consumedPoints < this.#options.points) return 0;
    return Math.max(0, state.msBeforeNext);
  }

  #bucketOf(key: string): string {
    const now = this.#clock.nowMs();
    if (now >= this.#windowEndsMs || now < this.#windowEndsMs - this.#options.windowMs) {
      this.#keys = new Set();
      this.#windowEndsMs = now + this.#options.windowMs;
    }
    if (this.#keys.has(key)) return `key:${key}`;
    if (this.#keys.size >= this.#options.maxKeys) return 'overflow';
    this.#keys.add(key);
    return `key:${key}`;
  }
}
