import { availableParallelism } from 'node:os';
import type { GpuSettings } from '@tops/config';
import { createCpuKernel } from '@tops/kernel-cpu';
import { KernelError, type Kernel } from '@tops/kernel-spec';
import {
  createSupervisedKernel,
  createWebGpuKernel,
  type DeviceEvent,
  type SupervisedKernel,
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
  /** Of the CPU kernel; one for each core when undefined. */
  readonly threadCount: number | undefined;
}

/** What computes: the GPU, or the CPU where there is none or none any more. */
export interface ComputeDevice extends Kernel {
  /** Rows of the first autotune trial. */
  readonly trialRowCount: number;
  /** Settles when the GPU was given up and nothing may take its place: the worker ends. */
  readonly failed: Promise<KernelError>;
}

/** @param recompute - leaves for openings: of what computes then */
type OpenGpu = (
  settings: DeviceSettings,
  logger: DeviceDeps['logger'],
  recompute: Kernel['computeLeaves'],
) => Promise<SupervisedKernel>;

export interface DeviceDeps {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Replaced in specs. */
  readonly openGpu?: OpenGpu;
  readonly openCpu?: (settings: DeviceSettings) => Promise<Kernel>;
}

/**
 * Opens the GPU, known-answer tests included, or falls back to the CPU.
 *
 * @throws KernelError `device_unavailable` and others of the GPU when CPU_FALLBACK=0; `self_test_failed`, `thread_failed` of
 *   the CPU kernel
 */
export async function openDevice(
  settings: DeviceSettings,
  deps: DeviceDeps,
): Promise<ComputeDevice> {
  const { logger, openGpu = openSupervised, openCpu = openCpuKernel } = deps;
  const cores = settings.threadCount ?? availableParallelism();
  const cpuTrialRows = CPU_TRIAL_ROWS_PER_THREAD * cores;
  let gpu: SupervisedKernel;
  let announce: (device: SwitchableDevice) => void = () => undefined;
  const announced = new Promise<SwitchableDevice>((resolve) => {
    announce = resolve;
  });
  try {
    gpu = await openGpu(settings, logger, async (...args) =>
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
    return new SwitchableDevice(cpu, cpuTrialRows);
  }
  const device = new SwitchableDevice(gpu, GPU_TRIAL_ROWS);
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
  #isClosed = false;

  constructor(kernel: Kernel, trialRowCount: number) {
    this.#kernel = kernel;
    this.trialRowCount = trialRowCount;
    this.failed = new Promise((resolve) => {
      this.#reportFailed = resolve;
    });
  }

  get driverHint(): string {
    return this.#kernel.driverHint;
  }

  commit: Kernel['commit'] = (attempt, options) => this.#kernel.commit(attempt, options);

  computeLeaves: Kernel['computeLeaves'] = (attempt, rows, options) =>
    this.#kernel.computeLeaves(attempt, rows, options);

  switchTo(kernel: Kernel): void {
    void this.#kernel.close();
    this.#kernel = kernel;
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

function openCpuKernel({ threadCount }: DeviceSettings): Promise<Kernel> {
  return createCpuKernel(threadCount === undefined ? {} : { threadCount });
}

function openSupervised(
  { gpu, maxResets }: DeviceSettings,
  logger: DeviceDeps['logger'],
  recompute: Kernel['computeLeaves'],
): Promise<SupervisedKernel> {
  return createSupervisedKernel(
    { maxResets },
    {
      createKernel: async () => {
        const kernel = await createWebGpuKernel(gpu, { recompute });
        for (const { label, opsPerSecond, droppedBecause } of kernel.gemmTrials) {
          if (droppedBecause !== undefined) {
            logger.warn('GEMM path dropped', { label, reason: droppedBecause });
          } else {
            logger.info('GEMM path', { label, gops: Math.round(opsPerSecond / 1e8) / 10 });
          }
        }
        return kernel;
      },
      onEvent: (event) => {
        logDeviceEvent(event, logger);
      },
    },
  );
}

function logDeviceEvent(event: DeviceEvent, logger: DeviceDeps['logger']): void {
  switch (event.kind) {
    case 'fault':
      logger.warn('GPU fault', { code: event.error.code, reason: event.error.message });
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
