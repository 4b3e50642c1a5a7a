import type { Timing } from './timing.ts';

/** Holds new work back while the verifier says it has enough; proofs of work already committed are not held. */
export class Pacer {
  readonly #timing: Timing;
  #untilMs = 0;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  /** Extends the pause to at least `durationMs` from now; never shortens one. */
  pause(durationMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.#timing.monotonicMs() + durationMs);
  }

  get remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#timing.monotonicMs());
  }

  async wait(signal: AbortSignal): Promise<void> {
    // A pause may have grown while we slept.
    while (this.remainingMs > 0) await this.#timing.sleep(this.remainingMs, signal);
  }
}
