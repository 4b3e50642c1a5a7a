/// <reference types="@webgpu/types" />
import { KernelError } from '@tops/kernel-spec';
import type { AdapterDescription, FoundAdapter } from './adapter.ts';
import { DeviceFault, type DeviceFaultKind } from './device-fault.ts';

const DEFAULT_SUBMISSION_TIMEOUT_MS = 60_000;

const wantedFeatures = ['timestamp-query', 'subgroups', 'chromium-experimental-subgroup-matrix'];
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
] as const;

export interface DeviceSessionOptions {
  /** Longest one submission may take before the device counts as hung, default 60 000. */
  readonly submissionTimeoutMs?: number;
}

// Innermost first: the order in which they are popped, and in which a failure names its cause.
const errorScopes: readonly { filter: GPUErrorFilter; kind: DeviceFaultKind }[] = [
  { filter: 'out-of-memory', kind: 'out_of_memory' },
  { filter: 'internal', kind: 'internal' },
  { filter: 'validation', kind: 'validation' },
];

/**
 * One open device. Every submission runs inside error scopes and against a deadline, so that each failure (out of memory,
 * validation, internal error, hang, lost device) reaches the caller that caused it as a KernelError.
 */
export class DeviceSession {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  /** Settles once, with the reason, when the device can no longer be used; `closed` after {@link close}. */
  readonly ended: Promise<KernelError>;
  readonly #submissionTimeoutMs: number;
  #end: KernelError | undefined;
  readonly #waits = new Set<(error: KernelError) => void>();
  #reportEnd: (error: KernelError) => void = () => undefined;

  constructor(device: GPUDevice, found: FoundAdapter, options: DeviceSessionOptions) {
    this.device = device;
    this.adapter = found.description;
    this.#submissionTimeoutMs = options.submissionTimeoutMs ?? DEFAULT_SUBMISSION_TIMEOUT_MS;
    this.ended = new Promise((resolve) => {
      this.#reportEnd = resolve;
    });
    void device.lost.then(({ reason, message }) => {
      this.#endWith(new DeviceFault('lost', `the device was lost (${reason}): ${message}`));
    });
  }

  /** Whether passes can be timed by the device's own clock. */
  get hasTimestamps(): boolean {
    return this.device.features.has('timestamp-query');
  }

  /** Why the device is gone, or undefined while it works. */
  get endedBy(): KernelError | undefined {
    return this.#end;
  }

  /**
   * Runs `work` (resource creation, encoding, writes) and submits the command buffer it returns.
   *
   * @returns when the device has done all of it
   * @throws KernelError `out_of_memory`, `device_failed`, `device_lost`, `closed`
   */
  async submit(work: () => GPUCommandBuffer): Promise<void> {
    if (this.#end) throw this.#end;
    const failure = this.#scoped(() => {
      this.device.queue.submit([work()]);
    });
    await this.#bounded(Promise.all([failure, this.device.queue.onSubmittedWorkDone()]));
    const error = await failure;
    if (error) throw error;
    if (this.#end) throw this.#end;
  }

  /**
   * Resource creation outside of a submission, with the same scopes.
   *
   * @throws KernelError as {@link submit}
   */
  async create<T>(make: () => T | Promise<T>): Promise<T> {
    if (this.#end) throw this.#end;
    let made: T | Promise<T> | undefined;
    const failure = this.#scoped(() => {
      made = make();
    });
    const error = await this.#bounded(failure);
    if (error) throw error;
    try {
      return await this.#bounded(Promise.resolve(made as T));
    } catch (cause) {
      if (cause instanceof KernelError) throw cause;
      throw new DeviceFault('other', `creation failed: ${String(cause)}`, { cause });
    }
  }

  /**
   * The first `byteLength` bytes of a MAP_READ buffer, copied; the buffer is unmapped again.
   *
   * @throws KernelError `device_lost`, `device_failed`
   */
  async read(buffer: GPUBuffer, byteLength: number): Promise<Uint8Array> {
    if (this.#end) throw this.#end;
    try {
      await this.#bounded(buffer.mapAsync(GPU_MAP_MODE_READ, 0, byteLength));
    } catch (cause) {
      if (cause instanceof KernelError) throw cause;
      throw this.#end ?? new DeviceFault('other', `mapping failed: ${String(cause)}`, { cause });
    }
    const bytes = new Uint8Array(byteLength);
    bytes.set(new Uint8Array(buffer.getMappedRange(0, byteLength)));
    buffer.unmap();
    return bytes;
  }

  /** Destroys the device: what is pending rejects with `closed`. Idempotent. */
  close(): void {
    this.#endWith(new KernelError('closed', 'the device is closed'));
  }

  #endWith(error: KernelError): void {
    if (this.#end) return;
    this.#end = error;
    this.#reportEnd(error);
    for (const reject of this.#waits) reject(error);
    this.#waits.clear();
    this.device.destroy();
  }

  /** Runs `act` inside the error scopes. @returns what they caught, most telling first */
  async #scoped(act: () => void): Promise<KernelError | undefined> {
    for (const { filter } of [...errorScopes].reverse()) this.device.pushErrorScope(filter);
    let thrown: unknown;
    try {
      act();
    } catch (error) {
      thrown = error;
    }
    const popped = errorScopes.map(({ kind }) =>
      this.device.popErrorScope().then(
        (error) => error && new DeviceFault(kind, `WebGPU: ${error.message}`, { cause: error }),
        // The scopes of a lost device cannot be popped; `ended` tells.
        () => null,
      ),
    );
    const errors = await Promise.all(popped);
    const first = errors.find((error) => error !== null);
    if (first) return first;
    if (thrown === undefined) return undefined;
    if (thrown instanceof KernelError) return thrown;
    return new DeviceFault('other', `WebGPU: ${String(thrown)}`, { cause: thrown });
  }

  /** Rejects when the device ends first, and ends the device when the deadline does. */
  async #bounded<T>(promise: Promise<T>): Promise<T> {
    if (this.#end) throw this.#end;
    let timer: NodeJS.Timeout | undefined;
    let rejectWait: (error: KernelError) => void = () => undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      rejectWait = reject;
      this.#waits.add(reject);
      timer = setTimeout(() => {
        const limit = `${this.#submissionTimeoutMs} ms`;
        this.#endWith(new DeviceFault('hang', `the device did not answer within ${limit}`));
      }, this.#submissionTimeoutMs);
    });
    try {
      return await Promise.race([promise, ended]);
    } finally {
      clearTimeout(timer);
      this.#waits.delete(rejectWait);
    }
  }
}

/** GPUMapMode.READ: Dawn's Node.js binding defines no globals. */
const GPU_MAP_MODE_READ = 1;

/**
 * Opens the device with every limit and feature the kernel can use.
 *
 * @throws KernelError `device_unavailable`
 */
export async function openDevice(
  found: FoundAdapter,
  options: DeviceSessionOptions = {},
): Promise<DeviceSession> {
  const { adapter, description } = found;
  const requiredLimits: Record<string, number> = {};
  for (const limit of wantedLimits) requiredLimits[limit] = adapter.limits[limit];
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
  try {
    const device = await adapter.requestDevice({
      requiredLimits,
      requiredFeatures: requiredFeatures as GPUFeatureName[],
    });
    return new DeviceSession(device, found, options);
  } catch (cause) {
    throw new KernelError(
      'device_unavailable',
      `cannot open ${description.name}: ${String(cause)}`,
      {
        cause,
      },
    );
  }
}
