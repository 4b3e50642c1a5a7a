import { HASH_BYTES } from '@tops/crypto';
import {
  KernelError,
  RETAINED_NODE_LIMIT,
  RetainedTree,
  retainedTreeLayout,
  type Attempt,
} from '@tops/kernel-spec';
import type { CpuBackend, LeavesRequest } from '../backend.ts';
import { Arena } from '../wasm/arena.ts';
import { WasmEngine, type StageTimes } from '../wasm/engine.ts';
import { compileKernelModule } from '../wasm/kernel-module.ts';
import {
  attemptLevels,
  CHUNK_ROWS,
  passRows,
  type WeightsLevels,
  type WeightsPlace,
} from '../wasm/layout.ts';
import type { StartWorker } from './pool-thread.ts';
import { ThreadPool, type Submission } from './thread-pool.ts';
import { WeightsCache, type WantedWeights, type WeightsLease } from './weights-cache.ts';

export interface WasmBackendOptions {
  readonly threadCount: number;
  readonly weightsCacheBytes: number;
  /** Nodes kept on the lowest level of a tree; tests lower it. */
  readonly retainedNodeLimit?: number;
}

/** Crashes forgiven for each thread of the pool, over its whole life. */
const REPLACEMENTS_PER_THREAD = 4;

/** Fewer large passes than this for each thread, and the last ones would be waited for. */
const PASSES_PER_THREAD = 4;

/** The WebAssembly SIMD kernel on worker threads over one shared memory. */
export async function createWasmBackend(
  options: WasmBackendOptions,
  dependencies: { readonly startWorker?: StartWorker } = {},
): Promise<CpuBackend> {
  const module = await compileKernelModule();
  return new WasmBackend(options, (memory) => {
    const { threadCount } = options;
    const { startWorker } = dependencies;
    return new ThreadPool(
      { threadCount, maxReplacements: REPLACEMENTS_PER_THREAD * threadCount },
      { module, memory, ...(startWorker && { start: startWorker }) },
    );
  });
}

/** As many rows a pass as help, but not so many that threads run out of passes before the others are done. */
function rowsPerPassFor(m: number, levels: WeightsLevels, threadCount: number): number {
  let rows = passRows(levels);
  while (rows > CHUNK_ROWS && m < rows * threadCount * PASSES_PER_THREAD) rows /= 2;
  return rows;
}

class WasmBackend implements CpuBackend {
  readonly driverHint = 'cpu:wasm-simd';
  readonly threadCount: number;
  readonly #retainedNodeLimit: number;
  readonly #pool: ThreadPool;
  readonly #weights: WeightsCache;

  constructor(options: WasmBackendOptions, startPool: (memory: Arena['memory']) => ThreadPool) {
    this.threadCount = options.threadCount;
    this.#retainedNodeLimit = options.retainedNodeLimit ?? RETAINED_NODE_LIMIT;
    const arena = new Arena();
    this.#pool = startPool(arena.memory);
    this.#weights = new WeightsCache(
      { threadCount: options.threadCount, limitBytes: options.weightsCacheBytes },
      { arena, pack: (place) => this.#pack(place) },
    );
  }

  get times(): Readonly<StageTimes> {
    return this.#pool.times;
  }

  async buildTree(attempt: Attempt, signal?: AbortSignal): Promise<RetainedTree> {
    const layout = retainedTreeLayout(attempt.shape.m, this.#retainedNodeLimit);
    const tree = this.#allocateTree(layout.byteLength);
    const { m, n, k } = attempt.shape;
    const wanted = { n, k, levels: attemptLevels(n, k) };
    const rowsPerPass = rowsPerPassFor(m, wanted.levels, this.threadCount);
    await this.#withWeights(wanted, signal, ({ place }) =>
      this.#pool.runShared(
        {
          kind: 'commit',
          pieceCount: Math.ceil(m / rowsPerPass),
          place,
          attempt,
          rowsPerPass,
          retainedNodeLimit: this.#retainedNodeLimit,
          tree,
        },
        signal,
      ),
    );
    return new RetainedTree(layout, new Uint8Array(tree));
  }

  async computeLeaves(
    requests: readonly LeavesRequest[],
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const rowCount = requests.reduce((sum, { rows }) => sum + rows.length, 0);
    const leaves = new Uint8Array(rowCount * HASH_BYTES);
    const pieces: Promise<void>[] = [];
    let offset = 0;
    for (const { attempt, rows } of requests) {
      for (let first = 0; first < rows.length; first += CHUNK_ROWS) {
        const at = offset + first * HASH_BYTES;
        const piece = this.#computePiece(attempt, rows.slice(first, first + CHUNK_ROWS), signal);
        pieces.push(
          piece.then((part) => {
            leaves.set(part, at);
          }),
        );
      }
      offset += rows.length * HASH_BYTES;
    }
    await Promise.all(pieces);
    return leaves;
  }

  /** At most CHUNK_ROWS rows, on one thread. */
  #computePiece(
    attempt: Attempt,
    rows: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const { n, k } = attempt.shape;
    return this.#withWeights({ n, k }, signal, ({ place }) =>
      this.#pool.runSingle({ kind: 'leaves', place, attempt, rows }, signal),
    );
  }

  computeReferenceLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array> {
    return this.#pool.runSingle({ kind: 'reference-leaves', attempt, rows }).result;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Holds the weights until the last thread has left the work, which after an abort is later than the answer. */
  async #withWeights(
    wanted: WantedWeights,
    signal: AbortSignal | undefined,
    submit: (lease: WeightsLease) => Submission,
  ): Promise<Uint8Array> {
    const lease = await this.#weights.acquire(wanted, signal);
    const { result, released } = submit(lease);
    void released.then(lease.release);
    return result;
  }

  async #pack(place: WeightsPlace): Promise<void> {
    const { result, released } = this.#pool.runShared({
      kind: 'pack',
      pieceCount: WasmEngine.packBlockCount(place),
      place,
    });
    try {
      await result;
    } finally {
      await released;
    }
  }

  #allocateTree(byteLength: number): SharedArrayBuffer {
    try {
      return new SharedArrayBuffer(byteLength);
    } catch (cause) {
      throw new KernelError('out_of_memory', `cannot allocate a tree of ${byteLength} bytes`, {
        cause,
      });
    }
  }
}
