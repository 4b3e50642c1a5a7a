export interface FairGateOptions {
  /** Runs at the same time. */
  readonly concurrency: number;
  /** That wait for a free place, of all addresses together. */
  readonly maxWaiting: number;
}

export type GateResult<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'full' };

/**
 * So many at a time, in turns: each address with something waiting gets the next place in rotation, so that one of them
 * cannot keep the others waiting however much it sends, under however many keys. When every waiting place is taken, a
 * newcomer displaces the latest of the address that has the most, unless that is its own.
 */
export class FairGate {
  readonly #options: FairGateOptions;
  /** Waiting, in the order of the addresses' turns; no list is empty. */
  readonly #queues = new Map<string, ((isAdmitted: boolean) => void)[]>();
  #runningCount = 0;
  #waitingCount = 0;

  constructor(options: FairGateOptions) {
    this.#options = options;
  }

  /** @returns `full` when there was no place, or it was lost to another address; `work` never ran then. */
  async run<T>(address: string, work: () => Promise<T>): Promise<GateResult<T>> {
    if (!(await this.#admit(address))) return { kind: 'full' };
    try {
      return { kind: 'done', value: await work() };
    } finally {
      this.#passOn();
    }
  }

  #admit(address: string): Promise<boolean> {
    if (this.#runningCount < this.#options.concurrency) {
      this.#runningCount++;
      return Promise.resolve(true);
    }
    if (this.#waitingCount >= this.#options.maxWaiting && !this.#displaceFor(address)) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      const queue = this.#queues.get(address);
      if (queue === undefined) this.#queues.set(address, [resolve]);
      else queue.push(resolve);
      this.#waitingCount++;
    });
  }

  #displaceFor(address: string): boolean {
    const ownCount = this.#queues.get(address)?.length ?? 0;
    const [, longest] = [...this.#queues].reduce(
      (most, queue) => (queue[1].length > most[1].length ? queue : most),
      ['', [] as ((isAdmitted: boolean) => void)[]],
    );
    if (longest.length <= ownCount + 1) return false;
    longest.pop()?.(false);
    this.#waitingCount--;
    return true;
  }

  /** Hands the place that got free to the next in turn. */
  #passOn(): void {
    const [turn] = this.#queues;
    if (turn === undefined) {
      this.#runningCount--;
      return;
    }
    const [address, queue] = turn;
    this.#queues.delete(address);
    const next = queue.shift();
    // Behind the others: its next turn comes after theirs.
    if (queue.length > 0) this.#queues.set(address, queue);
    this.#waitingCount--;
    next?.(true);
  }
}
