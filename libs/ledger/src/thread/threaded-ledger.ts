import type { CommitInput, CommitResult, LedgerStore } from '../ledger-store.ts';
import type { SqliteLedgerOptions } from '../sqlite/sqlite-ledger.ts';
import { LedgerThread, startLedgerThread, type StartLedgerThread } from './ledger-thread.ts';
import type { ArchiveStore } from '../archive-store.ts';
import type { ArchiveMethod, LedgerMethod } from './messages.ts';

/** Calls that may be outstanding; above the writes the thread itself queues, so that reading goes on beside them. */
const CALL_LIMIT = 8192;

/**
 * The embedded SQLite ledger on a thread of its own: a COMMIT that waits for the disk holds up nobody but those who wait for
 * it. Durability is the same: no call resolves before the thread's COMMIT returned.
 *
 * @throws LedgerError as openSqliteLedger does.
 */
export async function openThreadedLedger(
  options: SqliteLedgerOptions,
  dependencies: { readonly startThread?: StartLedgerThread } = {},
): Promise<LedgerStore> {
  const thread = await LedgerThread.start(
    { options, resolveFrom: import.meta.url },
    { callLimit: CALL_LIMIT },
    { start: dependencies.startThread ?? startLedgerThread },
  );
  return new ThreadedLedger(thread);
}

/** Each method carries its arguments over and nothing else; what they mean is the thread's business. */
class ThreadedLedger implements LedgerStore {
  readonly #thread: LedgerThread;

  readonly #archive: ThreadedArchive;

  constructor(thread: LedgerThread) {
    this.#thread = thread;
    this.#archive = new ThreadedArchive(thread);
  }

  get archive(): ArchiveStore {
    return this.#archive;
  }

  readonly openEpoch = this.#forward('openEpoch');
  readonly getEpoch = this.#forward('getEpoch');
  readonly latestEpoch = this.#forward('latestEpoch');
  readonly listEpochs = this.#forward('listEpochs');
  readonly unsealedEpochs = this.#forward('unsealedEpochs');
  readonly sealEpoch = this.#forward('sealEpoch');
  readonly settleReceipt = this.#forward('settleReceipt');
  readonly expireChallenges = this.#forward('expireChallenges');
  readonly getReceipt = this.#forward('getReceipt');
  readonly getEvidence = this.#forward('getEvidence');
  readonly pruneEvidence = this.#forward('pruneEvidence');
  readonly countOpen = this.#forward('countOpen');
  readonly getWorker = this.#forward('getWorker');
  readonly getStanding = this.#forward('getStanding');
  readonly listWorkers = this.#forward('listWorkers');
  readonly epochCredits = this.#forward('epochCredits');
  readonly epochEntries = this.#forward('epochEntries');
  readonly recordAct = this.#forward('recordAct');
  readonly listActs = this.#forward('listActs');
  readonly listKeys = this.#forward('listKeys');
  readonly allowList = this.#forward('allowList');
  readonly check = this.#forward('check');

  commitReceipt(input: CommitInput): Promise<CommitResult> {
    // What the ledger does not read need not be copied from thread to thread.
    const { receipt, receiptId, publicKey, workerDid, label } = input.parsed;
    const parsed = { receipt, receiptId, publicKey, workerDid, label };
    return this.#thread.call('commitReceipt', [{ ...input, parsed }]) as Promise<CommitResult>;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  #forward<M extends LedgerMethod>(method: M): LedgerStore[M] {
    const forward = (...args: readonly unknown[]): Promise<unknown> =>
      this.#thread.call(method, args);
    // The thread calls the method of the same name and sends its result back.
    return forward as LedgerStore[M];
  }
}

class ThreadedArchive implements ArchiveStore {
  readonly #thread: LedgerThread;
  #isHeld = false;

  constructor(thread: LedgerThread) {
    this.#thread = thread;
  }

  readonly signHead = this.#forward('signHead');
  readonly unsignedEpochs = this.#forward('unsignedEpochs');
  readonly epochsFrom = this.#forward('epochsFrom');
  readonly epochReceipts = this.#forward('epochReceipts');
  readonly entryPosition = this.#forward('entryPosition');
  readonly archivedEpochOf = this.#forward('archivedEpochOf');
  readonly rollableEpochs = this.#forward('rollableEpochs');
  readonly markArchived = this.#forward('markArchived');
  readonly rollReceipts = this.#forward('rollReceipts');

  /** A function cannot be sent to the thread; the directory's lock keeps other processes out. */
  async exclusively<T>(action: () => Promise<T>): Promise<T | undefined> {
    if (this.#isHeld) return undefined;
    this.#isHeld = true;
    try {
      return await action();
    } finally {
      this.#isHeld = false;
    }
  }

  #forward<M extends ArchiveMethod>(method: M): ArchiveStore[M] {
    const forward = (...args: readonly unknown[]): Promise<unknown> =>
      this.#thread.call(`archive.${method}`, args);
    return forward as ArchiveStore[M];
  }
}
