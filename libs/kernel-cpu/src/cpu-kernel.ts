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
import type { CpuBackend, LeavesRequest } from './backend.ts';
import { withCallSignal } from './call-signal.ts';
import { loadAddon } from './native/load-addon.ts';
import { createNativeBackend, type NativeBackendOptions } from './native/native-backend.ts';
import { createWasmBackend } from './pool/wasm-backend.ts';
import { createReferenceBackend } from './reference/reference-backend.ts';
import type { StageTimes } from './wasm/engine.ts';

const MAX_THREADS = 1024;
const DEFAULT_WEIGHTS_CACHE_BYTES = 256 * 2 ** 20;

/** KERNEL_CPU: `auto` is native where it can be had, else WebAssembly. */
export const cpuKernelChoices = ['auto', 'native', 'wasm', 'reference'] as const;
export type CpuKernelChoice = (typeof cpuKernelChoices)[number];

/** Why the native kernel is not what computes. */
export const kernelFallbackReasons = ['addon_missing', 'addon_failed', 'self_test_failed'] as const;
export type KernelFallbackReason = (typeof kernelFallbackReasons)[number];

export interface CpuKernelOptions {
  /** Default `auto`. */
  readonly choice?: CpuKernelChoice;
  /** Compute threads; default: the cores this process may use. */
  readonly threadCount?: number;
  /** Bound on packed weights and working space kept between attempts; a single larger shape still gets its place. */
  readonly weightsCacheBytes?: number;
  /** Nodes kept on the lowest level of an attempt's tree, default 2^18. Lower: less memory, dearer openings. */
  readonly retainedNodeLimit?: number;
  /** Of the native kernel, for tests: an instruction set of {@link listNativeIsas} instead of the best one. */
  readonly isa?: string;
  /** The addon's file instead of the usual places, for tests. */
  readonly addonPath?: string;
}

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
   * Leaves by the plain twin, in one of the kernel's threads: what a mismatch is confirmed with.
   *
   * @throws KernelError; RangeError as computeLeaves
   */
  computeReferenceLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array>;
}

/**
 * The fast CPU kernel: native threads, or WebAssembly SIMD on worker threads. Known-answer tested before it is handed out;
 * a native kernel that is missing, does not load or computes wrong values gives way to WebAssembly (`selection` tells),
 * unless it was demanded. An idle kernel does not keep the process alive, but holds its memory until `close`.
 *
 * @throws KernelError `self_test_failed`, `thread_failed`, `out_of_memory`, `addon_unavailable` when native was demanded;
 *   RangeError for options out of range
 */
export async function createCpuKernel(options: CpuKernelOptions = {}): Promise<CpuKernel> {
  const {
    choice = 'auto',
    threadCount = availableParallelism(),
    weightsCacheBytes = DEFAULT_WEIGHTS_CACHE_BYTES,
    retainedNodeLimit,
  } = options;
  if (!Number.isInteger(threadCount) || threadCount < 1 || threadCount > MAX_THREADS) {
    throw new RangeError(
      `threadCount: expected an integer from 1 to ${MAX_THREADS}, got ${threadCount}`,
    );
  }
  const limit = { ...(retainedNodeLimit !== undefined && { retainedNodeLimit }) };
  if (choice === 'reference') {
    return createKernelFromBackend(createReferenceBackend(limit), { kernel: 'reference' });
  }
  const settings = { threadCount, weightsCacheBytes, ...limit };
  const native = choice === 'wasm' ? undefined : await tryNative(settings, options);
  if (native && 'kernel' in native) return native.kernel;
  if (native && choice === 'native') throw native.error;
  const selection: CpuKernelSelection = { kernel: 'wasm', ...(native && { fallback: native }) };
  return createKernelFromBackend(await createWasmBackend(settings), selection);
}

type NativeAttempt =
  | { readonly kernel: CpuKernel }
  | { readonly code: KernelFallbackReason; readonly reason: string; readonly error: KernelError };

async function tryNative(
  settings: NativeBackendOptions,
  { isa, addonPath }: CpuKernelOptions,
): Promise<NativeAttempt> {
  const loaded = loadAddon(addonPath);
  if (!loaded.ok) {
    const { code, reason } = loaded;
    return { code, reason, error: new KernelError('addon_unavailable', reason) };
  }
  try {
    const backend = createNativeBackend(
      { ...settings, ...(isa !== undefined && { isa }) },
      loaded.addon,
    );
    const selection = { kernel: 'native', isa: backend.isa } as const;
    return { kernel: await createKernelFromBackend(backend, selection) };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const code = error.code === 'self_test_failed' ? error.code : 'addon_failed';
    return { code, reason: error.message, error };
  }
}

/** Instruction sets the native kernel has here, best first; none without an addon. */
export function listNativeIsas(addonPath?: string): readonly string[] {
  const loaded = loadAddon(addonPath);
  return loaded.ok ? loaded.addon.listIsas() : [];
}

/** Gives a backend the kernel's manners: arguments checked, rows grouped, openings, and a known-answer test first. */
export async function createKernelFromBackend(
  backend: CpuBackend,
  selection: CpuKernelSelection = { kernel: 'wasm' },
): Promise<CpuKernel> {
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
    let offset = 0;
    return own.map(({ rows }) => {
      const start = offset;
      offset += rows.length * HASH_BYTES;
      return leaves.slice(start, offset);
    });
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
