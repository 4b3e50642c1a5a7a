import { foldMultiproof, HASH_BYTES, workTreeHasher } from '@tops/crypto';
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
import type { CpuBackend, FoldOpening, LeavesRequest } from './backend.ts';
import { withCallSignal } from './call-signal.ts';
import type { StageTimes } from './wasm/engine.ts';

/** KERNEL_CPU: `auto` is native where it can be had, else WebAssembly. */
export const cpuKernelChoices = ['auto', 'native', 'wasm', 'reference'] as const;
export type CpuKernelChoice = (typeof cpuKernelChoices)[number];

/** Why the native kernel is not what computes. */
export const kernelFallbackReasons = ['addon_missing', 'addon_failed', 'self_test_failed'] as const;
export type KernelFallbackReason = (typeof kernelFallbackReasons)[number];

/** What computes, and why. */
export interface CpuKernelSelection {
  readonly kernel: 'native' | 'wasm' | 'reference';
  /** Of the native kernel: the instruction set. */
  readonly isa?: string;
  /** Why `auto` came to be WebAssembly. */
  readonly fallback?: { readonly code: KernelFallbackReason; readonly reason: string };
}

export interface CpuKernel extends Kernel {
  readonly threadCount: number;
  readonly selection: CpuKernelSelection;
  /** Thread milliseconds spent by stage since the start. */
  readonly times: Readonly<StageTimes>;
  /**
   * Leaves of several attempts that share n and k, as one batch: the native kernel takes all rows through the layers
   * together. An array for each request, rows × 32 bytes.
   *
   * @throws KernelError; RangeError as computeLeaves, and for attempts of different n or k
   */
  computeLeavesBatch(
    requests: readonly LeavesRequest[],
    options?: KernelOptions,
  ): Promise<Uint8Array[]>;
  /**
   * The root that challenged leaves and their siblings imply, on the caller's thread: foldMultiproof of @tops/crypto, many
   * nodes at a time where the kernel is native.
   *
   * @throws CryptoError `rows_invalid`, `leaf_count_invalid`; KernelError `closed`, `out_of_memory`
   */
  readonly foldOpening: FoldOpening;
  /**
   * Leaves by the plain twin, in one of the kernel's threads: what a mismatch is confirmed with.
   *
   * @throws KernelError; RangeError as computeLeaves
   */
  computeReferenceLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array>;
}

/** Gives a backend the kernel's manners: arguments checked, rows grouped, openings, and a known-answer test first. */
export async function createKernelFromBackend(
  backend: CpuBackend,
  selection: CpuKernelSelection = { kernel: 'wasm' },
): Promise<CpuKernel> {
  let isClosed = false;

  const admit = (attempt: Attempt, rows: readonly number[], signal?: AbortSignal): Attempt => {
    if (isClosed) throw new KernelError('closed', 'the kernel is closed');
    return admitted(attempt, rows, signal);
  };

  const computeLeavesBatch = async (
    requests: readonly LeavesRequest[],
    { signal }: KernelOptions = {},
  ): Promise<Uint8Array[]> => {
    const own = requests.map(({ attempt, rows }) => ({
      attempt: admit(attempt, rows, signal),
      rows: [...rows],
    }));
    requireSameSizes(own);
    const leaves = await withCallSignal(signal, (callSignal) =>
      backend.computeLeaves(own, callSignal),
    );
    return splitLeaves(leaves, own);
  };

  const computeLeaves = async (
    attempt: Attempt,
    rows: readonly number[],
    { signal }: KernelOptions = {},
  ): Promise<Uint8Array> => {
    const own = { attempt: admit(attempt, rows, signal), rows: [...rows] };
    return withCallSignal(signal, (callSignal) => backend.computeLeaves([own], callSignal));
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
    selection,
    get times() {
      return backend.times;
    },
    commit,
    foldOpening: backend.foldOpening ?? foldInJavaScript,
    computeLeaves,
    computeLeavesBatch,
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

const foldInJavaScript: FoldOpening = (opening) => foldMultiproof(opening, workTreeHasher);

/** Checks the arguments and copies the attempt: it goes to other threads, whatever the caller does with his bytes. */
function admitted(attempt: Attempt, rows: readonly number[], signal?: AbortSignal): Attempt {
  requireValidAttempt(attempt);
  requireRowsBelow(attempt.shape.m, rows);
  if (signal?.aborted) {
    throw new KernelError('aborted', 'the attempt was aborted', { cause: signal.reason });
  }
  const { m, n, k } = attempt.shape;
  return { attemptKey: Uint8Array.from(attempt.attemptKey), shape: { m, n, k } };
}

function splitLeaves(leaves: Uint8Array, requests: readonly LeavesRequest[]): Uint8Array[] {
  let offset = 0;
  return requests.map(({ rows }) => {
    const start = offset;
    offset += rows.length * HASH_BYTES;
    return leaves.slice(start, offset);
  });
}

function requireSameSizes(requests: readonly LeavesRequest[]): void {
  const [first] = requests;
  for (const { attempt } of requests) {
    const { n, k } = attempt.shape;
    if (first && (n !== first.attempt.shape.n || k !== first.attempt.shape.k)) {
      const { shape } = first.attempt;
      throw new RangeError(
        `batch: expected n=${shape.n} k=${shape.k} throughout, got n=${n} k=${k}`,
      );
    }
  }
}
