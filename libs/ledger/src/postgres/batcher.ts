import { LedgerError } from '../ledger-error.ts';

/** What one member of a batch gets: its value, or the error that is its own alone. */
export type Answer<T> = { readonly value: T } | { readonly error: LedgerError };

interface Member<I, O> {
  readonly input: I;
  readonly resolve: (value: O) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Shares one transaction among all calls that arrive while the one before is on its way. No promise resolves before the
 * commit returned. A batch that the database refuses as a whole is run again one by one, so that the call at fault fails alone.
 */
export class Batcher<I, O> {
  readonly #options: { readonly queueLimit: number; readonly batchLimit: number };
  readonly #runBatch: (inputs: readonly I[]) => Promise<Answer<O>[]>;
  readonly #queue: Member<I, O>[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param runBatch - runs a batch in one transaction; answers in its order, or throws when nothing of it was recorded. */
  constructor(
    options: { readonly queueLimit: number; readonly batchLimit: number },
    runBatch: (inputs: readonly I[]) => Promise<Answer<O>[]>,
  ) {
    this.#options = options;
    this.#runBatch = runBatch;
  }

  /** @throws LedgerError `overloaded` when the queue is full, `closed`, or whatever the batch failed with. */
  run(input: I): Promise<O> {
    if (this.#closed) return Promise.reject(new LedgerError('closed', 'the ledger is closed'));
    const waiting = this.#queue.length;
    if (waiting >= this.#options.queueLimit) {
      const message = `${waiting} writes are waiting, no more are taken`;
      return Promise.reject(new LedgerError('overloaded', message));
    }
    return new Promise<O>((resolve, reject) => {
      this.#queue.push({ input, resolve, reject });
      this.#running ??= this.#runQueue();
    });
  }

  /** Finishes what waits and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #runQueue(): Promise<void> {
    // What arrives in this turn of the event loop joins the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#options.batchLimit);
      await this.#settle(batch);
    }
    this.#running = undefined;
  }

  async #settle(batch: readonly Member<I, O>[]): Promise<void> {
    try {
      const answers = await this.#runBatch(batch.map((member) => member.input));
      batch.forEach((member, index) => {
        const answer = answers[index];
        if (answer === undefined) member.reject(new Error('a member of a batch got no answer'));
        else if ('error' in answer) member.reject(answer.error);
        else member.resolve(answer.value);
      });
    } catch (error) {
      if (batch.length > 1 && isFaultOfOne(error)) {
        for (const member of batch) await this.#settle([member]);
        return;
      }
      for (const member of batch) member.reject(error);
    }
  }
}

/** Not the database's state but something that was written made it refuse. */
function isFaultOfOne(error: unknown): boolean {
  return !(error instanceof LedgerError) || error.code === 'input_invalid' || error.code === 'io';
}
