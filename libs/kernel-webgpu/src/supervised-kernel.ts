import {
  KernelError,
  type Commitment,
  type Kernel,
  type KernelErrorCode,
  type KernelOptions,
  type Attempt,
} from '@tops/kernel-spec';
import { faultKindOf, type DeviceFaultKind } from './device/device-fault.ts';
import { unlessAborted } from './permits.ts';
import type { WebGpuKernel } from './webgpu-kernel.ts';

const DEFAULT_MAX_RESETS = 5;
const DEFAULT_FIRST_DELAY_MS = 500;
const DEFAULT_MAX_DELAY_MS = 30_000;

/** Codes after which the device is not trusted with the next attempt. */
const faultCodes: ReadonlySet<KernelErrorCode> = new Set([
  'device_lost',
  'device_failed',
  'out_of_memory',
]);

export interface SupervisedKernelOptions {
  /** Resets in a row without a finished attempt between them (MAX_DEVICE_RESETS), default 5. */
  readonly maxResets?: number;
  /** Wait before the first reset; doubles with every further one in a row. Default 500. */
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
}

export type DeviceEvent =
  | { readonly kind: 'fault'; readonly fault: DeviceFaultKind; readonly error: KernelError }
  | { readonly kind: 'reset'; readonly resetCount: number; readonly adapterName: string }
  | { readonly kind: 'reset_failed'; readonly resetCount: number; readonly error: unknown }
  | { readonly kind: 'gave_up'; readonly error: KernelError };

export interface SupervisedKernelDeps {
  /**
   * Opens the device anew.
   *
   * @param recompute - leaves for openings: of the kernel in use then, not of the one that committed
   */
  readonly createKernel: (recompute: Kernel['computeLeaves']) => Promise<WebGpuKernel>;
  readonly onEvent?: (event: DeviceEvent) => void;
  readonly sleep?: (delayMs: number) => Promise<void>;
}

export interface SupervisedKernel extends Kernel {
  /** The kernel in use; another one after a reset. */
  readonly current: WebGpuKernel;
  /** Settles with the reason once the device is given up: the owner then falls back or exits. */
  readonly gaveUp: Promise<KernelError>;
}

/**
 * Keeps a GPU kernel usable over faults of its device. The attempt a fault hits is dropped (its call rejects); the device is
 * re-created with growing delays, while further calls wait; after too many resets in a row every call rejects with
 * `device_unavailable`.
 *
 * @throws KernelError as the first `createKernel`
 */
export async function createSupervisedKernel(
  options: SupervisedKernelOptions,
  deps: SupervisedKernelDeps,
): Promise<SupervisedKernel> {
  const supervisor = new Supervisor(options, deps);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements SupervisedKernel {
  readonly gaveUp: Promise<KernelError>;
  readonly #options: Required<SupervisedKernelOptions>;
  readonly #deps: SupervisedKernelDeps;
  #reportGaveUp: (error: KernelError) => void = () => undefined;
  #kernel: WebGpuKernel | undefined;
  /** Pending while there is no usable kernel. */
  #ready: Promise<WebGpuKernel> | undefined;
  #resetsInARow = 0;
  #isClosed = false;

  constructor(options: SupervisedKernelOptions, deps: SupervisedKernelDeps) {
    this.#options = {
      maxResets: options.maxResets ?? DEFAULT_MAX_RESETS,
      firstDelayMs: options.firstDelayMs ?? DEFAULT_FIRST_DELAY_MS,
      maxDelayMs: options.maxDelayMs ?? DEFAULT_MAX_DELAY_MS,
    };
    this.#deps = deps;
    this.gaveUp = new Promise((resolve) => {
      this.#reportGaveUp = resolve;
    });
  }

  async start(): Promise<void> {
    this.#adopt(await this.#create());
  }

  get current(): WebGpuKernel {
    if (!this.#kernel) throw new KernelError('closed', 'the kernel was never opened');
    return this.#kernel;
  }

  get driverHint(): string {
    return this.current.driverHint;
  }

  commit(attempt: Attempt, options: KernelOptions = {}): Promise<Commitment> {
    return this.#run((kernel) => kernel.commit(attempt, options), options.signal);
  }

  computeLeaves(
    attempt: Attempt,
    rows: readonly number[],
    options: KernelOptions = {},
  ): Promise<Uint8Array> {
    return this.#run((kernel) => kernel.computeLeaves(attempt, rows, options), options.signal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#kernel?.close();
  }

  async #run<T>(work: (kernel: WebGpuKernel) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#isClosed) throw new KernelError('closed', 'the kernel is closed');
    const kernel = await unlessAborted(this.#ready ?? Promise.resolve(this.current), signal);
    try {
      const result = await work(kernel);
      this.#resetsInARow = 0;
      return result;
    } catch (error) {
      if (error instanceof KernelError) this.#judge(kernel, error);
      throw error;
    }
  }

  #adopt(kernel: WebGpuKernel): void {
    this.#kernel = kernel;
    this.#ready = undefined;
    // A device may go while nothing runs on it.
    void kernel.ended.then((error) => {
      this.#judge(kernel, error);
    });
  }

  /** Starts a reset for the first fault a kernel reports; the others of the same kernel are its echo. */
  #judge(kernel: WebGpuKernel, error: KernelError): void {
    const isCurrent = kernel === this.#kernel && this.#ready === undefined;
    if (this.#isClosed || !isCurrent || !faultCodes.has(error.code)) return;
    this.#deps.onEvent?.({ kind: 'fault', fault: faultKindOf(error), error });
    this.#ready = this.#reset(kernel, error);
    // Callers that wait see the rejection; without any it is `gaveUp` that tells.
    this.#ready.catch(() => undefined);
  }

  async #reset(broken: WebGpuKernel, error: KernelError): Promise<WebGpuKernel> {
    await broken.close();
    const { maxResets, firstDelayMs, maxDelayMs } = this.#options;
    let cause: unknown = error;
    while (this.#resetsInARow < maxResets) {
      const resetCount = ++this.#resetsInARow;
      await this.#sleep(Math.min(maxDelayMs, firstDelayMs * 2 ** (resetCount - 1)));
      if (this.#isClosed) throw new KernelError('closed', 'the kernel is closed');
      try {
        const kernel = await this.#create();
        this.#adopt(kernel);
        this.#deps.onEvent?.({ kind: 'reset', resetCount, adapterName: kernel.adapter.name });
        return kernel;
      } catch (failure) {
        cause = failure;
        this.#deps.onEvent?.({ kind: 'reset_failed', resetCount, error: failure });
      }
    }
    const gaveUp = new KernelError(
      'device_unavailable',
      `gave the device up after ${maxResets} resets: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    this.#deps.onEvent?.({ kind: 'gave_up', error: gaveUp });
    this.#reportGaveUp(gaveUp);
    throw gaveUp;
  }

  async #create(): Promise<WebGpuKernel> {
    const kernel = await this.#deps.createKernel((attempt, rows, options) =>
      this.computeLeaves(attempt, rows, options),
    );
    if (!this.#isClosed) return kernel;
    await kernel.close();
    throw new KernelError('closed', 'the kernel is closed');
  }

  #sleep(delayMs: number): Promise<void> {
    if (this.#deps.sleep) return this.#deps.sleep(delayMs);
    return new Promise((resolve) => {
      setTimeout(resolve, delayMs);
    });
  }
}
