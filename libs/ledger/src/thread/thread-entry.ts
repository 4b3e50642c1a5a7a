// What runs in the ledger's thread; codegen.mjs bundles it to a string, so that it needs no file at run time.
import { parentPort, workerData } from 'node:worker_threads';
import { LedgerError } from '../ledger-error.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { openSqliteLedger } from '../sqlite/sqlite-ledger.ts';
import type {
  FailureMessage,
  LedgerCall,
  LedgerEvent,
  LedgerReply,
  LedgerRequest,
  LedgerThreadData,
} from './messages.ts';

const replies: LedgerReply[] = [];

function post(event: LedgerEvent): void {
  parentPort?.postMessage(event);
}

/** One message for all that a commit settled: nextTick comes once the promises it resolved have been followed up. */
function reply(message: LedgerReply): void {
  if (replies.length === 0) process.nextTick(flush);
  replies.push(message);
}

function flush(): void {
  if (replies.length > 0) post({ kind: 'replies', replies: replies.splice(0) });
}

async function answer(store: LedgerStore, { id, method, args }: LedgerCall): Promise<void> {
  try {
    reply({ id, value: await callOf(store, method)(...args) });
  } catch (error) {
    reply({ id, failure: failureOf(error) });
  }
}

function callOf(
  store: LedgerStore,
  method: LedgerCall['method'],
): (...values: readonly unknown[]) => Promise<unknown> {
  const [part, name] = method.split('.', 2);
  const target = (part === 'archive' ? store.archive : store) as unknown as Record<
    string,
    (...values: readonly unknown[]) => Promise<unknown>
  >;
  return (...values) => {
    const call = target[name ?? method];
    if (call === undefined) throw new Error(`the ledger has no method ${method}`);
    return call.apply(target, [...values]);
  };
}

function failureOf(error: unknown): FailureMessage {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof LedgerError ? { code: error.code, message } : { message };
}

const pending = new Set<Promise<void>>();

async function close(store: LedgerStore): Promise<void> {
  await store.close();
  await Promise.all(pending);
  flush();
  post({ kind: 'closed' });
  parentPort?.close();
}

async function start(data: LedgerThreadData): Promise<void> {
  try {
    const store = await openSqliteLedger(data.options);
    parentPort?.on('message', (request: LedgerRequest) => {
      if (request.kind === 'close') {
        void close(store);
        return;
      }
      for (const call of request.calls) {
        const answering = answer(store, call);
        pending.add(answering);
        void answering.then(() => pending.delete(answering));
      }
    });
    post({ kind: 'opened' });
  } catch (error) {
    post({ kind: 'failed', failure: failureOf(error) });
  }
}

void start(workerData as LedgerThreadData);
