import type { LeavesRequest } from '@tops/kernel-cpu';
import type { Attempt } from '@tops/kernel-spec';

/** Two chunks of the WebAssembly kernel: a batch then reads its weights seldom enough, and holds nobody up for long. */
export const BATCH_ROWS_MAX = 128;

export interface LeafBatcherOptions {
  /** Batches in the kernel at the same time: its threads. */
  readonly concurrency: number;
  /** A batch takes no further item that would bring it above this. */
  readonly rowsMax: number;
}

export interface LeafBatcherDeps {
  readonly computeLeavesBatch: (items: readonly LeavesRequest[]) => Promise<Uint8Array[]>;
}

interface Waiting extends LeavesRequest {
  readonly resolve: (leaves: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts rows of several receipts into one call of the kernel: while all of its threads are busy, what comes in waits, and the
 * oldest takes along every other of the same width that fits. An idle kernel is never waited for.
 *
 * Whoever calls bounds how many wait.
 */
export class LeafBatcher {
  readonly #options: LeafBatcherOptions;
  readonly #deps: LeafBatcherDeps;
  #waiting: Waiting[] = [];
  #runningCount = 0;

  constructor(options: LeafBatcherOptions, deps: LeafBatcherDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Leaves as Kernel.computeLeaves gives them. @throws whatever the batch failed with. */
  computeLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ attempt, rows, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#runningCount < this.#options.concurrency && this.#waiting.length > 0) {
      void this.#run(this.#takeBatch());
    }
  }

  #takeBatch(): Waiting[] {
    const shape = this.#waiting[0]?.attempt.shape;
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    let rowCount = 0;
    for (const waiting of this.#waiting) {
      const { n, k } = waiting.attempt.shape;
      const fits = batch.length === 0 || rowCount + waiting.rows.length <= this.#options.rowsMax;
      if (n === shape?.n && k === shape.k && fits) {
        batch.push(waiting);
        rowCount += waiting.rows.length;
      } else {
        rest.push(waiting);
      }
    }
    this.#waiting = rest;
    return batch;
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    this.#runningCount++;
    try {
      const leaves = await this.#deps.computeLeavesBatch(batch);
      if (leaves.length !== batch.length) {
        throw new RangeError(`expected leaves of ${batch.length} items, got ${leaves.length}`);
      }
      batch.forEach(({ resolve }, i) => {
        resolve(leaves[i] as Uint8Array);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#runningCount--;
      this.#dispatch();
    }
  }
}
