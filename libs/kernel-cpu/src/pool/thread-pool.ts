import { KernelError } from '@tops/kernel-spec';
import type { StageTimes } from '../wasm/engine.ts';
import type { SharedWasmMemory, WasmModule } from '../wasm/web-assembly.ts';
import {
  JOB_COUNTER_BYTES,
  JobCounter,
  type SharedTask,
  type SingleTask,
  type ThreadData,
  type ThreadReply,
  type ThreadTask,
} from './messages.ts';
import { PoolThread, startWorker, type StartWorker } from './pool-thread.ts';

/** A shared task before the pool gives it its counters. */
export type SharedWork = SharedTask extends infer T
  ? T extends SharedTask
    ? Omit<T, 'counters'>
    : never
  : never;

/** Work in the pool until its last thread has let go of it; `settle` may come earlier. */
interface Job {
  readonly task: ThreadTask;
  readonly counters: Int32Array | undefined;
  readonly resolve: (leaves: Uint8Array) => void;
  readonly reject: (error: KernelError) => void;
  /** Called once no thread touches the job's memory any more. */
  readonly released: () => void;
  threadCount: number;
  isSettled: boolean;
}

interface Seat {
  thread: PoolThread | undefined;
  job: Job | undefined;
}

/** Handle on submitted work. `released` never rejects: it tells when the memory the work used is free again. */
export interface Submission {
  readonly result: Promise<Uint8Array>;
  readonly released: Promise<void>;
}

/**
 * A fixed number of worker threads and a queue before them. Single tasks go first, then packing, then commits, each in
 * order of arrival; threads inside a commit leave it between two chunks when something more urgent waits.
 *
 * A crashed thread fails the jobs it was part of with `thread_failed` and is replaced, `maxReplacements` times in all.
 */
export class ThreadPool {
  /** Thread milliseconds by stage, of all finished tasks. */
  readonly times: StageTimes = { streamsMs: 0, gemmMs: 0, hashingMs: 0 };
  readonly #seats: Seat[];
  readonly #startThread: (threadIndex: number) => PoolThread;
  readonly #yieldTokens = new Int32Array(new SharedArrayBuffer(4));
  #queue: Job[] = [];
  #replacementsLeft: number;
  #isClosed = false;

  constructor(
    options: { readonly threadCount: number; readonly maxReplacements: number },
    dependencies: {
      readonly module: WasmModule;
      readonly memory: SharedWasmMemory;
      readonly start?: StartWorker;
    },
  ) {
    const { module, memory, start = startWorker } = dependencies;
    this.#replacementsLeft = options.maxReplacements;
    this.#startThread = (threadIndex) => {
      const yieldTokens = this.#yieldTokens.buffer as SharedArrayBuffer;
      const data: ThreadData = { threadIndex, module, memory, yieldTokens };
      const events = {
        onReply: (reply: ThreadReply) => {
          this.#onReply(threadIndex, reply);
        },
        onCrash: (cause: unknown) => {
          this.#onCrash(threadIndex, cause);
        },
      };
      return new PoolThread(data, events, start);
    };
    this.#seats = Array.from({ length: options.threadCount }, (_, threadIndex) => ({
      thread: this.#startThread(threadIndex),
      job: undefined,
    }));
  }

  /** All threads, piece by piece. Resolves with no bytes. */
  runShared(work: SharedWork, signal?: AbortSignal): Submission {
    const counters = new SharedArrayBuffer(JOB_COUNTER_BYTES);
    return this.#submit({ ...work, counters }, new Int32Array(counters), signal);
  }

  /** One thread. Resolves with leaves. */
  runSingle(task: SingleTask, signal?: AbortSignal): Submission {
    return this.#submit(task, undefined, signal);
  }

  /** Rejects everything pending with `closed` and ends the threads. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const jobs = new Set([...this.#queue, ...this.#seats.flatMap((seat) => seat.job ?? [])]);
    for (const job of jobs) this.#fail(job, closedError());
    this.#queue = [];
    const threads = this.#seats.map((seat) => seat.thread);
    await Promise.all(threads.map((thread) => thread?.stop()));
    for (const seat of this.#seats) {
      seat.thread = undefined;
      seat.job = undefined;
    }
    for (const job of jobs) job.released();
  }

  #submit(task: ThreadTask, counters: Int32Array | undefined, signal?: AbortSignal): Submission {
    let released = (): void => undefined;
    const releasedPromise = new Promise<void>((resolve) => {
      released = resolve;
    });
    const result = new Promise<Uint8Array>((resolve, reject) => {
      const job: Job = {
        task,
        counters,
        resolve,
        reject,
        released,
        threadCount: 0,
        isSettled: false,
      };
      if (this.#isClosed || this.#seats.every((seat) => !seat.thread)) {
        this.#fail(job, this.#isClosed ? closedError() : noThreadError());
        released();
        return;
      }
      const onAbort = (): void => {
        this.#fail(job, abortedError(signal?.reason));
        this.#dispatch();
      };
      if (signal?.aborted) {
        this.#fail(job, abortedError(signal.reason));
        released();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      void releasedPromise.then(() => signal?.removeEventListener('abort', onAbort));
      this.#queue.push(job);
      this.#dispatch();
    });
    return { result, released: releasedPromise };
  }

  #fail(job: Job, error: KernelError): void {
    if (job.isSettled) return;
    job.isSettled = true;
    if (job.counters) Atomics.store(job.counters, JobCounter.cancelled, 1);
    job.reject(error);
  }

  /** Seats idle threads and asks busy ones to make room for what still waits. */
  #dispatch(): void {
    this.#queue = this.#queue.filter((job) => {
      if (!job.isSettled) return true;
      if (job.threadCount === 0) job.released();
      return false;
    });
    for (const seat of this.#seats) {
      if (!seat.thread || seat.job) continue;
      const job = this.#nextJob();
      if (!job) break;
      if (!job.counters) this.#queue = this.#queue.filter((queued) => queued !== job);
      job.threadCount++;
      seat.job = job;
      seat.thread.send(job.task);
    }
    Atomics.store(this.#yieldTokens, 0, this.#urgentSeatsWanted());
  }

  #nextJob(): Job | undefined {
    const waiting = this.#queue.filter(hasUnclaimedPieces);
    return (
      waiting.find((job) => !job.counters) ??
      waiting.find((job) => job.task.kind === 'pack') ??
      waiting[0]
    );
  }

  #urgentSeatsWanted(): number {
    const isPacking = this.#queue.some(
      (job) => job.task.kind === 'pack' && hasUnclaimedPieces(job),
    );
    const singles = this.#queue.filter((job) => !job.counters).length;
    return Math.min(singles + (isPacking ? this.#seats.length : 0), this.#seats.length);
  }

  #onReply(threadIndex: number, reply: ThreadReply): void {
    const job = this.#leaveSeat(threadIndex);
    if (reply.kind === 'done') {
      this.times.streamsMs += reply.times.streamsMs;
      this.times.gemmMs += reply.times.gemmMs;
      this.times.hashingMs += reply.times.hashingMs;
    }
    if (!job) return;
    if (reply.kind === 'failed') {
      this.#fail(job, threadError(reply.error));
    } else if (!job.isSettled && job.threadCount === 0 && isFinished(job)) {
      job.isSettled = true;
      job.resolve(reply.leaves ?? new Uint8Array(0));
    }
    this.#afterLeaving(job);
  }

  #onCrash(threadIndex: number, cause: unknown): void {
    const seat = this.#seats[threadIndex];
    const job = this.#leaveSeat(threadIndex);
    if (seat) seat.thread = undefined;
    if (this.#isClosed) return;
    if (seat && this.#replacementsLeft > 0) {
      this.#replacementsLeft--;
      seat.thread = this.#startThread(threadIndex);
    }
    if (job) this.#fail(job, threadError(cause));
    if (this.#seats.every(({ thread }) => !thread)) {
      for (const queued of this.#queue) this.#fail(queued, noThreadError());
    }
    if (job) this.#afterLeaving(job);
    else this.#dispatch();
  }

  #leaveSeat(threadIndex: number): Job | undefined {
    const seat = this.#seats[threadIndex];
    const job = seat?.job;
    if (seat) seat.job = undefined;
    if (job) job.threadCount--;
    return job;
  }

  #afterLeaving(job: Job): void {
    if (job.isSettled && job.threadCount === 0) {
      this.#queue = this.#queue.filter((queued) => queued !== job);
      job.released();
    }
    if (!this.#isClosed) this.#dispatch();
  }
}

function hasUnclaimedPieces(job: Job): boolean {
  if (!job.counters || !('pieceCount' in job.task)) return true;
  return Atomics.load(job.counters, JobCounter.next) < job.task.pieceCount;
}

function isFinished(job: Job): boolean {
  if (!job.counters || !('pieceCount' in job.task)) return true;
  return Atomics.load(job.counters, JobCounter.done) === job.task.pieceCount;
}

const closedError = (): KernelError => new KernelError('closed', 'the kernel is closed');
const noThreadError = (): KernelError =>
  new KernelError('thread_failed', 'no compute thread is left: all of them crashed too often');
const threadError = (cause: unknown): KernelError =>
  new KernelError('thread_failed', 'a compute thread failed', { cause });
const abortedError = (cause: unknown): KernelError =>
  new KernelError('aborted', 'the attempt was aborted', { cause });
