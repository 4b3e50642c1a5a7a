import type { RoundFollower } from './epoch-clock.ts';

/** Runs a job after rounds, one at a time, never more often than asked; what it fails with is its own business. */
export abstract class Follower implements RoundFollower {
  readonly #aborting = new AbortController();
  #running: Promise<void> | undefined;

  /** Aborted once nothing more is to be begun. */
  protected get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  /** One pass over what there is to do. Must not throw. */
  protected abstract run(): Promise<void>;

  afterRound(): void {
    if (this.signal.aborted) return;
    this.#running ??= this.run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when the pass under way, if any, is over. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#aborting.abort();
    await this.#running;
  }
}
