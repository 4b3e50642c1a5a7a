/** Work that follows on sealed epochs, at its own pace. */
export interface RoundFollower {
  /** Told after each round; starts what there is to do and returns at once. */
  afterRound(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

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
