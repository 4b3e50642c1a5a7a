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

  /** Charges `points` to `key`; more than a window has count as all that is left after the first. */
  async take(key: string, points = 1): Promise<WaitMs> {
    const charged = Math.min(points, Math.max(1, this.#options.points - 1));
    try {
      await this.#limiter.consume(this.#bucketOf(key, { isKept: true }), charged);
      return 0;
    } catch (cause) {
      if (cause instanceof RateLimiterRes) return Math.max(1, cause.msBeforeNext);
      throw cause;
    }
  }

  /** Whether `take` would refuse `key` now; charges nothing and remembers nothing. */
  async peek(key: string): Promise<WaitMs> {
    const state = await this.#limiter.get(this.#bucketOf(key, { isKept: false }));
    if (state === null || state.consumedPoints < this.#options.points) return 0;
    return Math.max(0, state.msBeforeNext);
  }

  /** Whether nothing was charged to `key` in the window. */
  async isUnused(key: string): Promise<boolean> {
    const state = await this.#limiter.get(this.#bucketOf(key, { isKept: false }));
    return state === null || state.consumedPoints === 0;
  }

  /** @param options - `isKept`: whether the key takes up one of `maxKeys`. */
  #bucketOf(key: string, options: { readonly isKept: boolean }): string {
    const now = this.#clock.nowMs();
    if (now >= this.#windowEndsMs || now < this.#windowEndsMs - this.#options.windowMs) {
      this.#keys = new Set();
      this.#windowEndsMs = now + this.#options.windowMs;
    }
    if (this.#keys.has(key)) return `key:${key}`;
    if (this.#keys.size >= this.#options.maxKeys) return 'overflow';
    if (options.isKept) this.#keys.add(key);
    return `key:${key}`;
  }
}
