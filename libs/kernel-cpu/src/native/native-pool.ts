import { KernelError, type KernelErrorCode } from '@tops/kernel-spec';
import type { Submission } from '../pool/thread-pool.ts';
import type { StageTimes } from '../wasm/engine.ts';
import type { NativeAddon, NativeKernel, NativeOutcome } from './addon.ts';

interface PendingJob {
  readonly resultBytes: number;
  readonly resolve: (result: Uint8Array) => void;
  readonly reject: (error: KernelError) => void;
  /** Called once no thread is in the job any more. */
  readonly released: () => void;
  isSettled: boolean;
}

const nativeCodes: ReadonlySet<KernelErrorCode> = new Set([
  'closed',
  'out_of_memory',
  'thread_failed',
  'addon_unavailable',
]);

/** Jobs of the native threads as promises. Single rows go first, then packing, then commits. */
export class NativePool {
  readonly isa: string;
  /** Thread milliseconds by stage, of all settled jobs. */
  readonly times: StageTimes = { streamsMs: 0, gemmMs: 0, hashingMs: 0 };
  readonly #kernel: NativeKernel;
  readonly #pending = new Map<number, PendingJob>();
  #isClosed = false;

  /** @throws KernelError `thread_failed`, `addon_unavailable` for an instruction set this machine has not */
  constructor(options: { readonly threadCount: number; readonly isa: string }, addon: NativeAddon) {
    try {
      this.#kernel = new addon.NativeKernel(options.threadCount, options.isa, (job, ...rest) => {
        this.#onSettled(job, ...rest);
      });
    } catch (error) {
      throw toKernelError(error);
    }
    this.isa = this.#kernel.isa;
  }

  /** Calls that submit nothing. @throws KernelError */
  call<T>(run: (kernel: NativeKernel) => T): T {
    try {
      return run(this.#kernel);
    } catch (error) {
      throw toKernelError(error);
    }
  }

  /** @param start - submits and gives the job; `resultBytes` is what it will have to say */
  submit(
    start: (kernel: NativeKernel) => number,
    resultBytes: number,
    signal?: AbortSignal,
  ): Submission {
    let released = (): void => undefined;
    const releasedPromise = new Promise<void>((resolve) => {
      released = resolve;
    });
    const result = new Promise<Uint8Array>((resolve, reject) => {
      const refuse = (error: KernelError): void => {
        released();
        reject(error);
      };
      if (this.#isClosed) return refuse(closedError());
      if (signal?.aborted) return refuse(abortedError(signal));
      let job: number;
      try {
        job = start(this.#kernel);
      } catch (error) {
        return refuse(toKernelError(error));
      }
      const pending: PendingJob = { resultBytes, resolve, reject, released, isSettled: false };
      this.#pending.set(job, pending);
      const onAbort = (): void => {
        this.#fail(pending, abortedError(signal));
        this.#kernel.cancel(job);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      void releasedPromise.then(() => signal?.removeEventListener('abort', onAbort));
    });
    return { result, released: releasedPromise };
  }

  /** Rejects everything pending with `closed` and joins the threads, which leave their work within a millisecond or so. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const jobs = [...this.#pending.values()];
    this.#pending.clear();
    for (const job of jobs) this.#fail(job, closedError());
    this.#kernel.close();
    for (const job of jobs) job.released();
  }

  #onSettled(
    job: number,
    outcome: NativeOutcome,
    streamsMs: number,
    gemmMs: number,
    hashingMs: number,
  ): void {
    this.times.streamsMs += streamsMs;
    this.times.gemmMs += gemmMs;
    this.times.hashingMs += hashingMs;
    const pending = this.#pending.get(job);
    if (!pending) return;
    this.#pending.delete(job);
    if (!pending.isSettled) {
      pending.isSettled = true;
      if (outcome === 'done') this.#resolve(pending);
      else pending.reject(new KernelError('out_of_memory', 'a compute thread has no memory'));
    }
    pending.released();
  }

  #resolve({ resultBytes, resolve, reject }: PendingJob): void {
    let result: Uint8Array;
    try {
      result = new Uint8Array(resultBytes);
    } catch (cause) {
      return reject(
        new KernelError('out_of_memory', `cannot allocate ${resultBytes} bytes`, { cause }),
      );
    }
    try {
      if (resultBytes > 0) this.#kernel.takeResult(result);
      resolve(result);
    } catch (error) {
      reject(toKernelError(error));
    }
  }

  #fail(job: PendingJob, error: KernelError): void {
    if (job.isSettled) return;
    job.isSettled = true;
    job.reject(error);
  }
}

function toKernelError(cause: unknown): KernelError {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  const known = [...nativeCodes].find((each) => each === code);
  return new KernelError(known ?? 'thread_failed', `the native kernel: ${message ?? cause}`, {
    cause,
  });
}

const closedError = (): KernelError => new KernelError('closed', 'the kernel is closed');
const abortedError = (signal?: AbortSignal): KernelError =>
  new KernelError('aborted', 'the attempt was aborted', { cause: signal?.reason });
