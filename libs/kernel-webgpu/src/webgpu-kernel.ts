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
import { BestGemmRate } from './attempt-clock.ts';
import {
  dawnVersion,
  findAdapter,
  type AdapterChoice,
  type AdapterDescription,
  type FoundAdapter,
} from './device/adapter.ts';
import {
  openDevice,
  type DeviceSession,
  type DeviceSessionOptions,
} from './device/device-session.ts';
import { ROW_STEP, type ChunkLimits } from './chunk-plan.ts';
import { MAX_WORKGROUPS } from './device/dispatch.ts';
import { Engine } from './engine.ts';
import {
  defaultTiles,
  largestTile,
  dot4Variant,
  plainVariant,
  softwareTile,
  subgroupMatrixVariants,
  type GemmPathName,
  type GemmTile,
  type GemmVariant,
} from './gemm-path.ts';
import type { GemmChoice, GemmTrial } from './gemm-trial.ts';
import { Stages } from './stages.ts';
import { throwIfAborted } from './permits.ts';
import { deviceKeyOf, type DeviceKey } from './tuning/device-key.ts';
import {
  tuneGemmPath,
  type TunedChoice,
  type TuningSource,
  type TuningStore,
} from './tuning/gemm-tuning.ts';

const DEFAULT_WEIGHTS_CACHE_BYTES = 256 * 2 ** 20;
/** Fills a large GPU at n = k = 1024 many times over, and still fits caches. */
const DEFAULT_CHUNK_BUFFER_BYTES = 32 * 2 ** 20;
const LARGE_CHUNK_BUFFER_BYTES = 256 * 2 ** 20;
/** Less than a CPU kernel keeps: recomputing a challenged subtree is cheap here, reading hashes back is not. */
const DEFAULT_RETAINED_NODES = 2 ** 14;
/** How long one submission should keep the device busy, at least and at most, at the speed the trial measured. */
const BUSY_SECONDS = 0.004;
const MAX_CHUNK_SECONDS = 0.2;
const MIN_CHUNK_OPS = 2 ** 28;
/** Speed assumed where nothing was measured. */
const UNMEASURED_OPS_PER_SECOND = 2 ** 40;
const SOFTWARE_OPS_PER_SECOND = 2 ** 30;

export interface WebGpuKernelOptions extends AdapterChoice, DeviceSessionOptions {
  /** Takes a software adapter for a GPU (ALLOW_SOFTWARE_GPU), default false. */
  readonly allowSoftware?: boolean;
  /** Only this GEMM path, where the device has it; default: the fastest in a trial. */
  readonly gemmPath?: GemmPathName;
  /** Only this tile for the dot4 path; sizes left out are those of the largest default tile. */
  readonly tile?: Partial<GemmTile>;
  /** Usual size of one working buffer, of which there are eight; a fast device gets up to 256 MiB. Default 32 MiB. */
  readonly chunkBufferBytes?: number;
  /** Bound on weights kept on the device; a single larger shape still gets its place. Default 256 MiB. */
  readonly weightsCacheBytes?: number;
  /** Nodes kept on the lowest level of an attempt's tree, default 2^14. */
  readonly retainedNodeLimit?: number;
}

export interface WebGpuKernelDeps {
  /** Replaced in tests. */
  readonly findAdapter?: (choice: AdapterChoice) => Promise<FoundAdapter>;
  /** Leaves that an opening has to recompute; default: this kernel's own. */
  readonly recompute?: Kernel['computeLeaves'];
  /** Spares the trial where a result of the same device is kept; default: none is. */
  readonly tuningStore?: TuningStore;
}

export interface WebGpuKernel extends Kernel {
  readonly adapter: AdapterDescription;
  /** Every GEMM variant that was tried, the chosen one first, dropped ones with their reason. */
  readonly gemmTrials: readonly GemmTrial[];
  /** What measurements on this device are good for. */
  readonly deviceKey: DeviceKey;
  readonly tuning: TuningSource;
  /** Why the device can no longer be used, once that is so; `closed` after close. */
  readonly ended: Promise<KernelError>;
}

/**
 * The GPU kernel: WGSL shaders through Dawn. Every GEMM path and the kernel as a whole pass a known-answer test before it is
 * handed out.
 *
 * @throws KernelError `device_unavailable`, `self_test_failed`, `device_lost`, `device_failed`, `out_of_memory`; RangeError
 *   for a tile the shader cannot take
 */
export async function createWebGpuKernel(
  options: WebGpuKernelOptions = {},
  deps: WebGpuKernelDeps = {},
): Promise<WebGpuKernel> {
  const parts = await openKernelParts(options, deps);
  try {
    const kernel = kernelOf(parts, options, deps.recompute);
    await requireKnownAnswer(kernel);
    return kernel;
  } catch (error) {
    parts.session.close();
    throw error;
  }
}

/** A device and what was compiled and chosen on it. */
export interface KernelParts extends TunedChoice {
  readonly session: DeviceSession;
  readonly stages: Stages;
  readonly deviceKey: DeviceKey;
}

/** @throws KernelError and RangeError as {@link createWebGpuKernel} */
export async function openKernelParts(
  options: WebGpuKernelOptions,
  deps: WebGpuKernelDeps,
): Promise<KernelParts> {
  const found = await (deps.findAdapter ?? findAdapter)(options);
  const { description } = found;
  if (description.isSoftware && options.allowSoftware !== true) {
    throw new KernelError(
      'device_unavailable',
      `expected a GPU, got the software adapter ${description.name}: set ALLOW_SOFTWARE_GPU=1 to use it all the same`,
    );
  }
  const variants = gemmVariants(description, options);
  const session = await openDevice(found, options);
  try {
    const stages = await Stages.compile(session);
    const deviceKey = deviceKeyOf(description, variants, dawnVersion());
    const parts = { stages, variants, key: deviceKey };
    const tuned = await tuneGemmPath(session, parts, deps.tuningStore);
    return { session, stages, deviceKey, ...tuned };
  } catch (error) {
    session.close();
    throw error;
  }
}

/** What the trial compares. @throws RangeError for an unusable tile */
function gemmVariants(adapter: AdapterDescription, options: WebGpuKernelOptions): GemmVariant[] {
  const { limits } = adapter;
  const usualTiles = adapter.isSoftware ? [softwareTile] : defaultTiles;
  const fits = ({ TM, TN, TK, WG_M, WG_N }: GemmTile): boolean =>
    WG_M * WG_N <= (limits['maxComputeInvocationsPerWorkgroup'] ?? 0) &&
    TK * (TM * WG_M + TN * WG_N + 4) <= (limits['maxComputeWorkgroupStorageSize'] ?? 0);
  const all = [
    ...subgroupMatrixVariants(adapter),
    // A tile an operator asks for is compiled whatever it needs: the device then says what is wrong with it.
    ...(options.tile ? [{ ...largestTile, ...options.tile }] : usualTiles.filter(fits)).map(
      dot4Variant,
    ),
    plainVariant,
  ];
  const { gemmPath } = options;
  return gemmPath ? all.filter(({ path }) => path === gemmPath) : all;
}

/** The kernel over opened parts, untested; closing it closes the device. */
export function kernelOf(
  { session, stages, choice, deviceKey, tuning }: KernelParts,
  options: WebGpuKernelOptions,
  recompute?: Kernel['computeLeaves'],
): WebGpuKernel {
  const engine = new Engine(
    {
      session,
      stages,
      gemm: choice.path,
      bestGemmRate: new BestGemmRate(choice.opsPerSecond),
    },
    {
      chunkLimits: chunkLimits(session, choice, options),
      weightsCacheBytes: options.weightsCacheBytes ?? DEFAULT_WEIGHTS_CACHE_BYTES,
      retainedNodeLimit: options.retainedNodeLimit ?? DEFAULT_RETAINED_NODES,
    },
  );

  /** Checks the arguments and copies the attempt: the work goes on while the caller may reuse his bytes. */
  const admit = (attempt: Attempt, rows: readonly number[], signal?: AbortSignal): Attempt => {
    if (session.endedBy) throw session.endedBy;
    requireValidAttempt(attempt);
    requireRowsBelow(attempt.shape.m, rows);
    throwIfAborted(signal);
    const { m, n, k } = attempt.shape;
    return { attemptKey: Uint8Array.from(attempt.attemptKey), shape: { m, n, k } };
  };

  const computeLeaves = async (
    attempt: Attempt,
    rows: readonly number[],
    { signal }: KernelOptions = {},
  ): Promise<Uint8Array> => engine.computeLeaves(admit(attempt, rows, signal), [...rows], signal);

  const commit = async (attempt: Attempt, options: KernelOptions = {}): Promise<Commitment> => {
    const own = admit(attempt, [], options.signal);
    const { tree, deviceTime } = await engine.buildTree(own, options);
    return {
      attempt: own,
      deviceTime,
      workRoot: tree.root,
      open: (rows) =>
        tree.openMultiproof(rows, (needed) => (recompute ?? computeLeaves)(own, needed)),
    };
  };

  return {
    driverHint: driverHint(choice.path.variant.path, session.adapter.name),
    adapter: session.adapter,
    gemmTrials: choice.trials,
    deviceKey,
    tuning,
    ended: session.ended,
    commit,
    computeLeaves,
    close: async () => {
      session.close();
    },
  };
}

function chunkLimits(
  { device, adapter }: DeviceSession,
  { opsPerSecond, path }: GemmChoice,
  { chunkBufferBytes }: WebGpuKernelOptions,
): ChunkLimits {
  const assumed = adapter.isSoftware ? SOFTWARE_OPS_PER_SECOND : UNMEASURED_OPS_PER_SECOND;
  const speed = opsPerSecond || assumed;
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  return {
    maxBufferBytes: Math.min(maxStorageBufferBindingSize, maxBufferSize),
    usualBufferBytes: chunkBufferBytes ?? DEFAULT_CHUNK_BUFFER_BYTES,
    largeBufferBytes: Math.max(chunkBufferBytes ?? LARGE_CHUNK_BUFFER_BYTES, ROW_STEP),
    busyOps: speed * BUSY_SECONDS,
    maxRows: MAX_WORKGROUPS * path.variant.workgroupRows,
    maxOps: Math.max(MIN_CHUNK_OPS, speed * MAX_CHUNK_SECONDS),
  };
}

/** Driver names may hold anything; a receipt takes 64 printable ASCII characters. */
function driverHint(path: GemmPathName, name: string): string {
  return `webgpu:${path} ${name}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
}
