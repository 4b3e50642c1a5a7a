import { abortable } from './timing.ts';

/** A bounded number of places for answers in flight: `acquire` is the worker's backpressure. First come, first served. */
export class Slots {
  readonly #capacity: number;
  readonly #waiting: (() => void)[] = [];
  readonly #idleWaiters: (() => void)[] = [];
  #inUse = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** @throws the signal's reason when it aborts before a place is free; the caller then holds none. */
  async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inUse < this.#capacity) {
      this.#inUse++;
      return;
    }
    let admit: () => void = () => undefined;
    const admitted = new Promise<void>((resolve) => {
      admit = resolve;
      this.#waiting.push(admit);
    });
    try {
      await abortable(admitted, signal);
    } catch (error) {
      const position = this.#waiting.indexOf(admit);
      // Already admitted in the same turn as the abort: the place is ours and has to go back.
      if (position < 0) this.release();
      else this.#waiting.splice(position, 1);
      throw error;
    }
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#inUse--;
    if (this.#inUse === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Resolves once no place is taken. */
  async idle(): Promise<void> {
    if (this.#inUse === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }
}
