import { Worker } from 'node:worker_threads';
import { threadSource } from '../../generated/thread-source.ts';
import type { ThreadData, ThreadReply, ThreadTask } from './messages.ts';

/** What the pool needs of a worker thread; tests put in ones that fail. */
export type StartWorker = (data: ThreadData) => Worker;

/** Starts the bundled thread script with neither the process's Node.js options nor its environment (it holds secrets). */
export const startWorker: StartWorker = (workerData) =>
  new Worker(threadSource, { eval: true, workerData, env: {}, execArgv: [] });

interface ThreadEvents {
  readonly onReply: (reply: ThreadReply) => void;
  /** The thread is gone without having been asked to go. */
  readonly onCrash: (cause: unknown) => void;
}

/** One worker thread with at most one task. Keeps the process alive only while it has one. */
export class PoolThread {
  readonly #worker: Worker;
  #isStopping = false;

  constructor(data: ThreadData, events: ThreadEvents, start: StartWorker) {
    let cause: unknown;
    this.#worker = start(data);
    this.#worker.unref();
    this.#worker.on('message', (reply: ThreadReply) => {
      this.#worker.unref();
      events.onReply(reply);
    });
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#worker.on('exit', (exitCode) => {
      if (!this.#isStopping) events.onCrash(cause ?? new Error(`exit code ${exitCode}`));
    });
  }

  send(task: ThreadTask): void {
    this.#worker.ref();
    this.#worker.postMessage(task);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#worker.terminate();
  }
}
