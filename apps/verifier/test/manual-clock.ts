import type { Clock } from '../src/clock.ts';

/** A clock that stands still until it is told otherwise; timers fire when `advance` passes them. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Map<object, { atMs: number; fn: () => void }>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(fn: () => void, delayMs: number): () => void {
    const token = {};
    this.#timers.set(token, { atMs: this.#nowMs + delayMs, fn });
    return () => {
      this.#timers.delete(token);
    };
  }

  /** Moves time (back too) without firing timers: specs call `tick` themselves. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Fires the timers that are due. */
  fireDue(): void {
    for (const [token, timer] of this.#timers) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(token);
      timer.fn();
    }
  }
}
