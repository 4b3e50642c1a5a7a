import { availableParallelism } from 'node:os';
import { HASH_BYTES } from '@tops/crypto';
import {
  KernelError,
  requireKnownAnswer,
  requireRowsBelow,
  requireValidAttempt,
  type Attempt,
  type Commitment,
  type Kernel,
  type KernelOptions,
} from '@tops/kernel-spec';
import type { CpuBackend } from './backend.ts';
import { withCallSignal } from './call-signal.ts';
import { createWasmBackend } from './pool/wasm-backend.ts';
import type { StageTimes } from './wasm/engine.ts';
import { CHUNK_ROWS } from './wasm/layout.ts';

const MAX_THREADS = 1024;
const DEFAULT_WEIGHTS_CACHE_BYTES = 256 * 2 ** 20;

export interface CpuKernelOptions {
  /** Compute threads; default: the cores this process may use. */
  readonly threadCount?: number;
  /** Bound on packed weights and working space kept between attempts; a single larger shape still gets its place. */
  readonly weightsCacheBytes?: number;
  /** Nodes kept on the lowest level of an attempt's tree, default 2^18. Lower: less memory, dearer openings. */
  readonly retainedNodeLimit?: number;
}

export interface CpuKernel extends Kernel {
  readonly threadCount: number;
  /** Thread milliseconds spent by stage since the start. */
  readonly times: Readonly<StageTimes>;
  /**
   * Leaves by the plain twin, in one of the kernel's threads: what a mismatch is confirmed with.
   *
   * @throws KernelError; RangeError as computeLeaves
   */
  computeReferenceLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array>;
}

/**
 * The fast CPU kernel: WebAssembly SIMD on worker threads. Known-answer tested before it is handed out. An idle kernel
 * does not keep the process alive, but holds its memory until `close`.
 *
 * @throws KernelError `self_test_failed`, `thread_failed`, `out_of_memory`; RangeError for options out of range
 */
export async function createCpuKernel(options: CpuKernelOptions = {}): Promise<CpuKernel> {
  const {
    threadCount = availableParallelism(),
    weightsCacheBytes = DEFAULT_WEIGHTS_CACHE_BYTES,
    retainedNodeLimit,
  } = options;
  if (!Number.isInteger(threadCount) || threadCount < 1 || threadCount > MAX_THREADS) {
    throw new RangeError(
      `threadCount: expected an integer from 1 to ${MAX_THREADS}, got ${threadCount}`,
    );
  }
  const backend = await createWasmBackend({
    threadCount,
    weightsCacheBytes,
    ...(retainedNodeLimit !== undefined && { retainedNodeLimit }),
  });
  return createKernelFromBackend(backend);
}

/** Gives a backend the kernel's manners: arguments checked, rows grouped, openings, and a known-answer test first. */
export async function createKernelFromBackend(backend: CpuBackend): Promise<CpuKernel> {
  let isClosed = false;

  /** Checks the arguments and copies the attempt: it goes to other threads, whatever the caller does with his bytes. */
  const admit = (attempt: Attempt, rows: readonly number[], signal?: AbortSignal): Attempt => {
    if (isClosed) throw new KernelError('closed', 'the kernel is closed');
    requireValidAttempt(attempt);
    requireRowsBelow(attempt.shape.m, rows);
    if (signal?.aborted) {
      throw new KernelError('aborted', 'the attempt was aborted', { cause: signal.reason });
    }
    const { m, n, k } = attempt.shape;
    return { attemptKey: Uint8Array.from(attempt.attemptKey), shape: { m, n, k } };
  };

  const computeLeaves = async (
    attempt: Attempt,
    rows: readonly number[],
    { signal }: KernelOptions = {},
  ): Promise<Uint8Array> => {
    const own = admit(attempt, rows, signal);
    const parts = await withCallSignal(signal, (callSignal) => {
      const chunks: Promise<Uint8Array>[] = [];
      for (let first = 0; first < rows.length; first += CHUNK_ROWS) {
        chunks.push(backend.computeLeaves(own, rows.slice(first, first + CHUNK_ROWS), callSignal));
      }
      return Promise.all(chunks);
    });
    const leaves = new Uint8Array(rows.length * HASH_BYTES);
    parts.forEach((part, i) => {
      leaves.set(part, i * CHUNK_ROWS * HASH_BYTES);
    });
    return leaves;
  };

  const commit = async (attempt: Attempt, { signal }: KernelOptions = {}): Promise<Commitment> => {
    const own = admit(attempt, [], signal);
    const tree = await withCallSignal(signal, (callSignal) => backend.buildTree(own, callSignal));
    return {
      attempt: own,
      workRoot: tree.root,
      open: (rows) => tree.openMultiproof(rows, (needed) => computeLeaves(own, needed)),
    };
  };

  const kernel: CpuKernel = {
    driverHint: backend.driverHint,
    threadCount: backend.threadCount,
    get times() {
      return backend.times;
    },
    commit,
    computeLeaves,
    computeReferenceLeaves: async (attempt, rows) => {
      const own = admit(attempt, rows);
      return backend.computeReferenceLeaves(own, [...rows]);
    },
    close: async () => {
      isClosed = true;
      await backend.close();
    },
  };
  try {
    await requireKnownAnswer(kernel);
  } catch (error) {
    await kernel.close();
    throw error;
  }
  return kernel;
}
