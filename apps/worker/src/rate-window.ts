import type { Timing } from './timing.ts';

/** Sum per second over a sliding window of whole seconds; memory is bounded by the window, not by the events. */
export class RateWindow {
  readonly #windowMs: number;
  readonly #timing: Timing;
  readonly #seconds: { second: number; sum: number }[] = [];
  #startedAtMs: number | undefined;

  constructor(windowMs: number, timing: Timing) {
    this.#windowMs = windowMs;
    this.#timing = timing;
  }

  /** Starts the clock: time before the first attempt is not part of the rate. */
  begin(): void {
    this.#startedAtMs ??= this.#timing.monotonicMs();
  }

  add(amount: number): void {
    const second = Math.floor(this.#timing.monotonicMs() / 1000);
    const last = this.#seconds.at(-1);
    if (last?.second === second) last.sum += amount;
    else this.#seconds.push({ second, sum: amount });
    this.#forget();
  }

  perSecond(): number {
    this.#forget();
    const nowMs = this.#timing.monotonicMs();
    // A young process has not filled the window yet.
    const spanMs = Math.max(1000, Math.min(this.#windowMs, nowMs - (this.#startedAtMs ?? nowMs)));
    return (this.#seconds.reduce((sum, entry) => sum + entry.sum, 0) * 1000) / spanMs;
  }

  #forget(): void {
    const oldest = Math.floor((this.#timing.monotonicMs() - this.#windowMs) / 1000);
    while ((this.#seconds[0]?.second ?? oldest + 1) <= oldest) this.#seconds.shift();
  }
}
