import type { Timing } from '../../src/timing.ts';

/** Time that passes only when told to, or by sleeping: a sleep is over at once and moves the clock. */
export class VirtualTiming implements Timing {
  readonly sleptMs: number[] = [];
  /** What `random` gives: 0.5 makes every jitter its mean. */
  chance = 0.5;
  #nowMs = 0;
  readonly #unixAtZeroMs: number;

  constructor(unixAtZeroMs = 1_800_000_000_000) {
    this.#unixAtZeroMs = unixAtZeroMs;
  }

  readonly monotonicMs = () => this.#nowMs;
  readonly unixMs = () => this.#unixAtZeroMs + this.#nowMs;
  readonly random = () => this.chance;

  readonly sleep = async (durationMs: number, signal?: AbortSignal) => {
    await Promise.resolve();
    signal?.throwIfAborted();
    this.sleptMs.push(durationMs);
    this.advance(Math.max(0, durationMs));
  };

  advance(durationMs: number): void {
    this.#nowMs += durationMs;
  }
}
