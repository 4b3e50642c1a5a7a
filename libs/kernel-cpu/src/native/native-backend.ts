import { HASH_BYTES, requireChallengeRows } from '@tops/crypto';
import {
  RETAINED_NODE_LIMIT,
  RetainedTree,
  retainedTreeLayout,
  weightsKey,
  type Attempt,
} from '@tops/kernel-spec';
import type { CpuBackend, FoldOpening, LeavesRequest } from '../backend.ts';
import type { Submission } from '../pool/thread-pool.ts';
import { createWasmBackend } from '../pool/wasm-backend.ts';
import { WeightsCache, type WeightsArena } from '../pool/weights-cache.ts';
import type { StageTimes } from '../wasm/engine.ts';
import type { WeightsPlace } from '../wasm/layout.ts';
import type { NativeAddon } from './addon.ts';
import { NativePool } from './native-pool.ts';

export interface NativeBackendOptions {
  readonly threadCount: number;
  readonly weightsCacheBytes: number;
  readonly retainedNodeLimit?: number;
  /** An instruction set of `addon.listIsas()`; the best when absent. */
  readonly isa?: string;
}

/** Rows in one job of leaves; the addon takes 2^20. */
const JOB_ROWS = 2 ** 16;

/** The C++ kernel on threads of its own. @throws KernelError as NativePool */
export function createNativeBackend(
  options: NativeBackendOptions,
  addon: NativeAddon,
): NativeBackend {
  return new NativeBackend(options, addon);
}

export class NativeBackend implements CpuBackend {
  readonly driverHint: string;
  readonly threadCount: number;
  readonly isa: string;
  readonly #retainedNodeLimit: number;
  readonly #pool: NativePool;
  readonly #weights: WeightsCache;
  /** Native weights by the address of their place. */
  readonly #packed = new Map<number, number>();
  #reference: Promise<CpuBackend> | undefined;
  #isClosed = false;

  constructor(options: NativeBackendOptions, addon: NativeAddon) {
    const { threadCount, weightsCacheBytes, isa = '' } = options;
    this.#pool = new NativePool({ threadCount, isa }, addon);
    this.isa = this.#pool.isa;
    this.driverHint = `cpu:native-${this.isa}`;
    this.threadCount = threadCount;
    this.#retainedNodeLimit = options.retainedNodeLimit ?? RETAINED_NODE_LIMIT;
    this.#weights = new WeightsCache(
      { threadCount, limitBytes: weightsCacheBytes },
      {
        arena: countingArena((address) => {
          this.#free(address);
        }),
        pack: (place) => this.#pack(place),
        bytesOf: ({ n, k }) => this.#pool.call((kernel) => kernel.weightsBytes(n, k)),
      },
    );
  }

  get times(): Readonly<StageTimes> {
    return this.#pool.times;
  }

  async buildTree(attempt: Attempt, signal?: AbortSignal): Promise<RetainedTree> {
    const { m, n, k } = attempt.shape;
    const layout = retainedTreeLayout(m, this.#retainedNodeLimit);
    const tree = await this.#withWeights(attempt, signal, (weights) =>
      this.#pool.submit(
        (kernel) => kernel.submitCommit(weights, n, k, m, attempt.attemptKey, layout.baseLevel),
        layout.byteLength,
        signal,
      ),
    );
    return new RetainedTree(layout, tree);
  }

  async computeLeaves(
    requests: readonly LeavesRequest[],
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const batch = packRequests(requests);
    const rowCount = batch.rows.length;
    const leaves = new Uint8Array(rowCount * HASH_BYTES);
    const [first] = requests;
    if (!first || rowCount === 0) return leaves;
    const jobs: Promise<void>[] = [];
    for (let start = 0; start < rowCount; start += JOB_ROWS) {
      const keyOfRow = batch.keyOfRow.subarray(start, start + JOB_ROWS);
      const rows = batch.rows.subarray(start, start + JOB_ROWS);
      const { n, k } = first.attempt.shape;
      const job = this.#withWeights(first.attempt, signal, (weights) =>
        this.#pool.submit(
          (kernel) => kernel.submitLeaves(weights, n, k, batch.keys, keyOfRow, rows),
          rows.length * HASH_BYTES,
          signal,
        ),
      );
      jobs.push(
        job.then((part) => {
          leaves.set(part, start * HASH_BYTES);
        }),
      );
    }
    await Promise.all(jobs);
    return leaves;
  }

  /** The twin is JavaScript: it runs in a thread of Node's, started when it is first asked for. */
  async computeReferenceLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array> {
    this.#reference ??= createWasmBackend({ threadCount: 1, weightsCacheBytes: 0 });
    const reference = await this.#reference;
    if (this.#isClosed) await reference.close();
    return reference.computeReferenceLeaves(attempt, rows);
  }

  readonly foldOpening: FoldOpening = (opening) => {
    const { leafCount, rows, leaves, siblings } = opening;
    requireChallengeRows(leafCount, rows);
    const root = new Uint8Array(HASH_BYTES);
    const isWhole = this.#pool.call((kernel) =>
      kernel.foldOpening(leafCount, Uint32Array.from(rows), leaves, siblings, root),
    );
    return isWhole ? root : undefined;
  };

  /** The multiplications of both layers alone, for the benchmark. @returns the rows done */
  async multiplyOnly(
    shape: { readonly n: number; readonly k: number },
    rowCount: number,
  ): Promise<number> {
    const { n, k } = shape;
    const rowsPerPiece = this.#pool.call((kernel) => kernel.rowsPerPiece(n, k));
    const pieceCount = Math.max(1, Math.round(rowCount / rowsPerPiece));
    const attempt = { attemptKey: new Uint8Array(32), shape: { m: 64, n, k } };
    await this.#withWeights(attempt, undefined, (weights) =>
      this.#pool.submit((kernel) => kernel.submitMultiply(weights, n, k, pieceCount), 0),
    );
    return pieceCount * rowsPerPiece;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pool.close();
    await (await this.#reference)?.close();
  }

  /** Holds the weights until the last thread has left the work, which after an abort is later than the answer. */
  async #withWeights(
    { shape: { n, k } }: Attempt,
    signal: AbortSignal | undefined,
    submit: (weights: number) => Submission,
  ): Promise<Uint8Array> {
    const lease = await this.#weights.acquire({ n, k }, signal);
    const { result, released } = submit(this.#packed.get(lease.place.address) ?? 0);
    void released.then(lease.release);
    return result;
  }

  async #pack({ n, k, address }: WeightsPlace): Promise<void> {
    const keys = new Uint8Array(2 * HASH_BYTES);
    keys.set(weightsKey(1));
    keys.set(weightsKey(2), HASH_BYTES);
    const weights = this.#pool.call((kernel) => kernel.createWeights(n, k));
    this.#packed.set(address, weights);
    const { result, released } = this.#pool.submit((kernel) => kernel.submitPack(weights, keys), 0);
    try {
      await result;
    } finally {
      await released;
    }
  }

  #free(address: number): void {
    const weights = this.#packed.get(address);
    if (weights === undefined) return;
    this.#packed.delete(address);
    this.#pool.call((kernel) => {
      kernel.freeWeights(weights);
    });
  }
}

/** Keys, and for every row which key is its own. */
function packRequests(requests: readonly LeavesRequest[]): {
  readonly keys: Uint8Array;
  readonly keyOfRow: Uint32Array;
  readonly rows: Uint32Array;
} {
  const keys = new Uint8Array(requests.length * HASH_BYTES);
  const rowCount = requests.reduce((sum, { rows }) => sum + rows.length, 0);
  const keyOfRow = new Uint32Array(rowCount);
  const rows = new Uint32Array(rowCount);
  let at = 0;
  requests.forEach((request, index) => {
    keys.set(request.attempt.attemptKey, index * HASH_BYTES);
    rows.set(request.rows, at);
    keyOfRow.fill(index, at, at + request.rows.length);
    at += request.rows.length;
  });
  return { keys, keyOfRow, rows };
}

/** Counts what the addon holds; the memory itself comes when a place is packed. */
function countingArena(onRelease: (address: number) => void): WeightsArena {
  const held = new Map<number, number>();
  let heldBytes = 0;
  let nextAddress = 1;
  return {
    get isEmpty() {
      return held.size === 0;
    },
    allocate: (byteLength, limitBytes) => {
      if (heldBytes + byteLength > limitBytes) return undefined;
      held.set(nextAddress, byteLength);
      heldBytes += byteLength;
      return nextAddress++;
    },
    release: (address) => {
      heldBytes -= held.get(address) ?? 0;
      held.delete(address);
      onRelease(address);
    },
  };
}
