import { availableParallelism } from 'node:os';
import { KernelError } from '@tops/kernel-spec';
import {
  createKernelFromBackend,
  type CpuKernel,
  type CpuKernelChoice,
  type CpuKernelSelection,
  type KernelFallbackReason,
} from './backend-kernel.ts';
import { loadAddon } from './native/load-addon.ts';
import { createNativeBackend, type NativeBackendOptions } from './native/native-backend.ts';
import { createWasmBackend } from './pool/wasm-backend.ts';
import { createReferenceBackend } from './reference/reference-backend.ts';

const MAX_THREADS = 1024;
const DEFAULT_WEIGHTS_CACHE_BYTES = 256 * 2 ** 20;

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

/**
 * The fast CPU kernel: native threads, or WebAssembly SIMD on worker threads. Known-answer tested before it is handed out;
 * a native kernel that is missing, does not load or computes wrong values gives way to WebAssembly (`selection` tells),
 * unless it was demanded. An idle kernel does not keep the process alive, but holds its memory until `close`.
 *
 * @throws KernelError `self_test_failed`, `thread_failed`, `out_of_memory`, `addon_unavailable` when native was demanded;
 *   RangeError for options out of range
 * @param dependencies - `loadAddon` replaces the loader in specs
 */
export async function createCpuKernel(
  options: CpuKernelOptions = {},
  dependencies: { readonly loadAddon?: typeof loadAddon } = {},
): Promise<CpuKernel> {
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
  const native =
    choice === 'wasm'
      ? undefined
      : await tryNative(settings, options, dependencies.loadAddon ?? loadAddon);
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
  load: typeof loadAddon,
): Promise<NativeAttempt> {
  const loaded = load(addonPath);
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
