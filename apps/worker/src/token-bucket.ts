import type { Timing } from './timing.ts';

export interface TokenBucketOptions {
  /** Sustained rate, tokens a second; fractions are allowed. */
  readonly ratePerSecond: number;
  /** Most tokens that can pile up while nothing is sent: the size of the largest burst. */
  readonly burst: number;
}

/**
 * The classic token bucket (Turner 1986; ITU-T I.371 calls its mirror image the leaky bucket): in any window of t seconds
 * at most `burst + rate · t` tokens are granted, in order of arrival.
 *
 * Reservations may run the level below zero: each waiter then knows its own waiting time, and no timer has to poll.
 */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  readonly #timing: Timing;
  #level: number;
  #filledAtMs: number;

  constructor(options: TokenBucketOptions, timing: Timing) {
    this.#options = options;
    this.#timing = timing;
    this.#level = options.burst;
    this.#filledAtMs = timing.monotonicMs();
  }

  /**
   * Takes one token, waiting for it where none is left.
   *
   * @throws AbortError when the signal aborts first; the token goes back.
   */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const waitMs = this.reserveMs();
    if (waitMs === 0) return;
    try {
      await this.#timing.sleep(waitMs, signal);
    } catch (error) {
      this.#level = Math.min(this.#options.burst, this.#level + 1);
      throw error;
    }
  }

  /** Takes one token now and says after how many milliseconds it may be used. */
  reserveMs(): number {
    const { ratePerSecond, burst } = this.#options;
    const nowMs = this.#timing.monotonicMs();
    const earned = ((nowMs - this.#filledAtMs) / 1000) * ratePerSecond;
    this.#level = Math.min(burst, this.#level + earned) - 1;
    this.#filledAtMs = nowMs;
    return this.#level >= 0 ? 0 : (-this.#level / ratePerSecond) * 1000;
  }
}
