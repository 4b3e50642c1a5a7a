import { availableParallelism } from 'node:os';
import type { GpuSettings } from '@tops/config';
import { createCpuKernel, type CpuKernelChoice, type KernelFallbackReason } from '@tops/kernel-cpu';
import { KernelError, type Kernel } from '@tops/kernel-spec';
import {
  createSupervisedKernel,
  createWebGpuKernel,
  type DeviceEvent,
  type DeviceKey,
  type SupervisedKernel,
  type TuningStore,
  type WebGpuKernel,
} from '@tops/kernel-webgpu';
import type { Logger } from '@tops/observability';

/** Rows that keep a GPU busy in the first autotune trial. */
const GPU_TRIAL_ROWS = 16_384;
const CPU_TRIAL_ROWS_PER_THREAD = 64;

export interface DeviceSettings {
  readonly gpu: GpuSettings;
  /** CPU_FALLBACK. */
  readonly mayFallBack: boolean;
  readonly maxResets: number;
  /** KERNEL_CPU. */
  readonly cpuKernel: CpuKernelChoice;
  /** Of the CPU kernel; one for each core when undefined. */
  readonly threadCount: number | undefined;
}

/** What computes: the GPU, or the CPU where there is none or none any more. */
export interface ComputeDevice extends Kernel {
  /** Rows of the first autotune trial. */
  readonly trialRowCount: number;
  /** What measurements on the GPU are good for; undefined while the CPU computes. */
  readonly deviceKey: DeviceKey | undefined;
  /** Settles when the GPU was given up and nothing may take its place: the worker ends. */
  readonly failed: Promise<KernelError>;
}

/** @param recompute - leaves for openings: of what computes then */
type OpenGpu = (
  settings: DeviceSettings,
  deps: GpuDeps,
  recompute: Kernel['computeLeaves'],
) => Promise<SupervisedKernel>;

interface GpuDeps {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Where results of trials are kept; default: nowhere. */
  readonly tuningStore?: TuningStore;
  /** Told of faults and resets, after they were logged. */
  readonly onDeviceEvent?: (event: DeviceEvent) => void;
}

export interface DeviceDeps extends GpuDeps {
  /** WebAssembly had to take the native CPU kernel's place. */
  readonly onCpuFallback?: (reason: KernelFallbackReason) => void;
  /** Replaced in specs. */
  readonly openGpu?: OpenGpu;
  readonly openCpu?: typeof createCpuKernel;
}

/**
 * Opens the GPU, known-answer tests included, or falls back to the CPU.
 *
 * @throws KernelError `device_unavailable` and others of the GPU when CPU_FALLBACK=0; `self_test_failed`, `thread_failed`,
 *   `addon_unavailable` of the CPU kernel
 */
export async function openDevice(
  settings: DeviceSettings,
  deps: DeviceDeps,
): Promise<ComputeDevice> {
  const { logger, openGpu = openSupervised } = deps;
  const openCpu = (wanted: DeviceSettings): Promise<Kernel> => openCpuKernel(wanted, deps);
  const cores = settings.threadCount ?? availableParallelism();
  const cpuTrialRows = CPU_TRIAL_ROWS_PER_THREAD * cores;
  let gpu: SupervisedKernel;
  let announce: (device: SwitchableDevice) => void = () => undefined;
  const announced = new Promise<SwitchableDevice>((resolve) => {
    announce = resolve;
  });
  try {
    gpu = await openGpu(settings, deps, async (...args) =>
      (await announced).computeLeaves(...args),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!settings.mayFallBack) {
      const hint =
        'CPU_FALLBACK=1 computes on the CPU; `npm run -s tops -- doctor` shows what there is';
      logger.error('no usable GPU, and CPU_FALLBACK=0 demands one', { reason, hint });
      throw error;
    }
    logger.info('computing on the CPU, no usable GPU', { reason });
    const cpu = await openCpu(settings);
    return new SwitchableDevice(cpu, { trialRowCount: cpuTrialRows });
  }
  const device = new SwitchableDevice(gpu, {
    trialRowCount: GPU_TRIAL_ROWS,
    deviceKey: () => gpu.current.deviceKey,
  });
  announce(device);
  void gpu.gaveUp.then(async (error) => {
    if (!settings.mayFallBack) return device.fail(error);
    try {
      device.switchTo(await openCpu(settings));
      logger.warn('computing on the CPU from now on', { reason: error.message });
    } catch (cause) {
      device.fail(new KernelError('device_unavailable', 'neither GPU nor CPU computes', { cause }));
    }
  });
  return device;
}

/** One kernel at a time behind an unchanging face. Trees committed on the old one are opened by the new one. */
class SwitchableDevice implements ComputeDevice {
  readonly trialRowCount: number;
  readonly failed: Promise<KernelError>;
  #reportFailed: (error: KernelError) => void = () => undefined;
  #kernel: Kernel;
  #deviceKey: (() => DeviceKey) | undefined;
  #isClosed = false;

  constructor(
    kernel: Kernel,
    options: { readonly trialRowCount: number; readonly deviceKey?: () => DeviceKey },
  ) {
    this.#kernel = kernel;
    this.#deviceKey = options.deviceKey;
    this.trialRowCount = options.trialRowCount;
    this.failed = new Promise((resolve) => {
      this.#reportFailed = resolve;
    });
  }

  get driverHint(): string {
    return this.#kernel.driverHint;
  }

  get deviceKey(): DeviceKey | undefined {
    return this.#deviceKey?.();
  }

  commit: Kernel['commit'] = (attempt, options) => this.#kernel.commit(attempt, options);

  computeLeaves: Kernel['computeLeaves'] = (attempt, rows, options) =>
    this.#kernel.computeLeaves(attempt, rows, options);

  switchTo(kernel: Kernel): void {
    void this.#kernel.close();
    this.#kernel = kernel;
    this.#deviceKey = undefined;
    if (this.#isClosed) void kernel.close();
  }

  fail(error: KernelError): void {
    this.#reportFailed(error);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#kernel.close();
  }
}

async function openCpuKernel(
  { cpuKernel: choice, threadCount }: DeviceSettings,
  { logger, onCpuFallback, openCpu = createCpuKernel }: DeviceDeps,
): Promise<Kernel> {
  const kernel = await openCpu({
    choice,
    ...(threadCount === undefined ? {} : { threadCount }),
  });
  const { fallback } = kernel.selection;
  if (fallback !== undefined) {
    onCpuFallback?.(fallback.code);
    logger.warn('no native kernel, computing by WebAssembly', fallback);
  }
  return kernel;
}

function openSupervised(
  { gpu, maxResets }: DeviceSettings,
  { logger, tuningStore, onDeviceEvent }: GpuDeps,
  recompute: Kernel['computeLeaves'],
): Promise<SupervisedKernel> {
  return createSupervisedKernel(
    { maxResets },
    {
      createKernel: async () => {
        const kernel = await createWebGpuKernel(gpu, {
          recompute,
          ...(tuningStore && { tuningStore }),
        });
        logTrials(kernel, logger);
        return kernel;
      },
      onEvent: (event) => {
        logDeviceEvent(event, logger);
        onDeviceEvent?.(event);
      },
    },
  );
}

function logTrials({ gemmTrials, tuning }: WebGpuKernel, logger: GpuDeps['logger']): void {
  const { source, cacheRefused } = tuning;
  if (cacheRefused !== undefined) {
    logger.warn('GEMM path of an earlier start not used', { reason: cacheRefused });
  }
  for (const { label, opsPerSecond, droppedBecause } of gemmTrials) {
    if (droppedBecause !== undefined) {
      logger.warn('GEMM path dropped', { label, reason: droppedBecause });
    } else {
      logger.info('GEMM path', { label, gops: Math.round(opsPerSecond / 1e8) / 10, source });
    }
  }
}

function logDeviceEvent(event: DeviceEvent, logger: GpuDeps['logger']): void {
  switch (event.kind) {
    case 'fault':
      logger.warn('GPU fault', {
        kind: event.fault,
        code: event.error.code,
        reason: event.error.message,
      });
      break;
    case 'reset':
      logger.info('GPU opened anew', { resetCount: event.resetCount, adapter: event.adapterName });
      break;
    case 'reset_failed':
      logger.warn('GPU could not be opened anew', {
        resetCount: event.resetCount,
        error: event.error,
      });
      break;
    case 'gave_up':
      logger.error('GPU given up', { reason: event.error.message });
      break;
  }
}
