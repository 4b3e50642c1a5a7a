import { Worker } from 'node:worker_threads';
import { ledgerThreadSource } from '../../generated/ledger-thread-source.ts';
import { LedgerError } from '../ledger-error.ts';
import type {
  FailureMessage,
  LedgerCall,
  LedgerEvent,
  LedgerReply,
  LedgerRequest,
  LedgerThreadData,
} from './messages.ts';

/** Starts a thread; tests put in one that fails. */
export type StartLedgerThread = (data: LedgerThreadData) => Worker;

/** With neither the process's Node.js options nor its environment, which holds secrets. */
export const startLedgerThread: StartLedgerThread = (workerData) =>
  new Worker(ledgerThreadSource, { eval: true, workerData, env: {}, execArgv: [] });

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The calling side of the ledger's thread: calls of one turn of the event loop travel in one message. The thread keeps the
 * process alive only while an answer is outstanding.
 */
export class LedgerThread {
  readonly #worker: Worker;
  readonly #callLimit: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #queued: LedgerCall[] = [];
  #nextId = 0;
  /** Why no more calls are taken. */
  #refusal: LedgerError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker, callLimit: number) {
    this.#worker = worker;
    this.#callLimit = callLimit;
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#end(new LedgerError('io', 'the thread of the ledger ended'));
        resolve();
      });
    });
    worker.on('error', (cause) => {
      this.#end(new LedgerError('io', 'the thread of the ledger failed', { cause }));
    });
  }

  /**
   * @param options - `callLimit`: calls that may be outstanding.
   * @throws LedgerError as openSqliteLedger does.
   */
  static async start(
    data: LedgerThreadData,
    options: { readonly callLimit: number },
    dependencies: { readonly start: StartLedgerThread },
  ): Promise<LedgerThread> {
    const worker = dependencies.start(data);
    const thread = new LedgerThread(worker, options.callLimit);
    await new Promise<void>((resolve, reject) => {
      worker.once('exit', () => {
        reject(thread.#refusal ?? new LedgerError('io', 'the thread of the ledger ended'));
      });
      worker.on('message', (event: LedgerEvent) => {
        if (event.kind === 'opened') resolve();
        else if (event.kind === 'failed') reject(toError(event.failure));
        else if (event.kind === 'replies') thread.#settle(event.replies);
      });
    });
    worker.unref();
    return thread;
  }

  /** @throws LedgerError `overloaded`, `closed`, `io` when the thread is gone, or whatever the call failed with. */
  call(method: LedgerCall['method'], args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) {
        reject(this.#refusal);
        return;
      }
      if (this.#waiting.size >= this.#callLimit) {
        const message = `${this.#waiting.size} calls are waiting, no more are taken`;
        reject(new LedgerError('overloaded', message));
        return;
      }
      const id = this.#nextId++;
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
      if (this.#queued.length === 0) setImmediate(() => this.#flush());
      this.#queued.push({ id, method, args });
    });
  }

  /** Finishes what is queued, then ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#flush();
    this.#refusal ??= new LedgerError('closed', 'the ledger is closed');
    this.#worker.ref();
    this.#post({ kind: 'close' });
    await this.#ended;
  }

  #flush(): void {
    const calls = this.#queued;
    if (calls.length === 0) return;
    this.#queued = [];
    this.#post({ kind: 'calls', calls });
  }

  #post(request: LedgerRequest): void {
    this.#worker.postMessage(request);
  }

  #settle(replies: readonly LedgerReply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('failure' in reply) waiting?.reject(toError(reply.failure));
      else waiting?.resolve(reply.value);
    }
    if (this.#waiting.size === 0) this.#worker.unref();
  }

  #end(error: LedgerError): void {
    this.#refusal ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#refusal);
    this.#waiting.clear();
    this.#queued = [];
  }
}

function toError({ code, message }: FailureMessage): Error {
  return code === undefined ? new Error(message) : new LedgerError(code, message);
}
