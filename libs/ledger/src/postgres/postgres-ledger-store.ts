import { hexToBytes, isHex } from '@tops/crypto';
import type { ActInput, ActRecord, ActResult, AllowList, KeyRecord } from '../admin-ledger.ts';
import {
  requireActInput,
  requireCommitInput,
  requireOpenEpochInput,
  requireSettleInput,
} from '../input-checks.ts';
import type { LedgerEntry } from '../ledger-entry.ts';
import { LedgerError } from '../ledger-error.ts';
import type {
  CreditRow,
  EpochRecord,
  ReceiptRecord,
  Standing,
  WorkerRecord,
} from '../ledger-records.ts';
import {
  PAGE_LIMIT_MAX,
  type CommitInput,
  type CommitResult,
  type EvidencePruned,
  type LedgerStore,
  type OpenEpochInput,
  type SettleInput,
  type SettleResult,
} from '../ledger-store.ts';
import { keyCursor, pageLimit } from '../page.ts';
import { mergeKeys } from '../stored-acts.ts';
import { toStanding } from '../stored-records.ts';
import * as acts from './acts.ts';
import { Batcher } from './batcher.ts';
import { ClockComparison } from './clock-comparison.ts';
import { commitBatch } from './commits.ts';
import { writeProbe, type Database, type Session } from './database.ts';
import * as epochs from './epochs.ts';
import * as evidence from './evidence.ts';
import { expireSlice, type ExpirySlice } from './expiry.ts';
import { PostgresArchive } from './postgres-archive.ts';
import * as receipts from './receipts.ts';
import { ReplicaLease } from './replica-lease.ts';
import { settleBatch } from './settles.ts';
import * as workers from './workers.ts';

/** Writes one transaction takes together. */
const BATCH_LIMIT = 512;
/** Writes other than commits and verdicts that may wait: an epoch clock makes one at a time. */
const OTHER_WRITES_MAX = 64;

type Write = (session: Session) => Promise<unknown>;

/** This machine's clock, compared with the database's: unix milliseconds. */
export type PostgresLedgerDependencies = { readonly nowMs: () => number };

/** LedgerStore over a pool of connections; any number of replicas may use one database. Made by openPostgresLedger. */
export class PostgresLedgerStore implements LedgerStore {
  readonly archive: PostgresArchive;
  readonly #options: { readonly topsEpochs: number };
  readonly #database: Database;
  readonly #clock: ClockComparison;
  readonly #commits: Batcher<CommitInput, CommitResult>;
  readonly #settles: Batcher<SettleInput, SettleResult>;
  /** One at a time, so that the connections that write are as many as those who use them. */
  readonly #others: Batcher<Write, unknown>;
  readonly #lease: ReplicaLease;
  #closing: Promise<void> | undefined;

  constructor(
    options: {
      readonly topsEpochs: number;
      readonly queueLimit: number;
      readonly replicaId: string;
    },
    dependencies: PostgresLedgerDependencies & { readonly database: Database },
  ) {
    const { database } = dependencies;
    this.#options = options;
    this.#database = database;
    this.#clock = new ClockComparison(dependencies);
    const limits = { queueLimit: options.queueLimit, batchLimit: BATCH_LIMIT };
    this.#commits = new Batcher(limits, (inputs) =>
      database.transaction((session) => commitBatch(session, inputs)),
    );
    this.#settles = new Batcher(limits, (inputs) =>
      database.transaction((session) => settleBatch(session, inputs)),
    );
    this.#others = new Batcher({ queueLimit: OTHER_WRITES_MAX, batchLimit: 1 }, ([write]) =>
      database.transaction(async (session) => [{ value: await write?.(session) }]),
    );
    const write = <T>(action: (session: Session) => Promise<T>) => this.#write(action);
    this.archive = new PostgresArchive({ database, write });
    this.#lease = new ReplicaLease(options, { write });
  }

  async openEpoch(input: OpenEpochInput): Promise<EpochRecord> {
    requireOpenEpochInput(input);
    return this.#write((session) => epochs.openEpoch(session, input));
  }

  getEpoch(epochId: number): Promise<EpochRecord | undefined> {
    return this.#read((session) => epochs.epochById(session, epochId));
  }

  latestEpoch(): Promise<EpochRecord | undefined> {
    return this.#read(epochs.latestEpoch);
  }

  listEpochs(page: { beforeId?: number; limit: number }): Promise<EpochRecord[]> {
    const beforeId = page.beforeId ?? Number.MAX_SAFE_INTEGER;
    const limit = pageLimit(page.limit);
    return this.#read((session) => epochs.listEpochs(session, { beforeId, limit }));
  }

  unsealedEpochs(): Promise<EpochRecord[]> {
    return this.#read(epochs.unsealedEpochs);
  }

  sealEpoch(input: { epochId: number }): Promise<EpochRecord> {
    return epochs.sealEpoch(input.epochId, {
      read: async (action) => {
        await this.#lease.renew();
        return this.#read(action);
      },
      write: (action) => this.#write(action),
    });
  }

  async commitReceipt(input: CommitInput): Promise<CommitResult> {
    requireCommitInput(input);
    return this.#commits.run(input);
  }

  async settleReceipt(input: SettleInput): Promise<SettleResult> {
    requireSettleInput(input);
    if (!isHex(input.receiptId, 32)) return { kind: 'receipt_unknown' };
    return this.#settles.run(input);
  }

  async expireChallenges(input: {
    nowMs: number;
    answersInFlight: ReadonlyMap<string, number>;
  }): Promise<number> {
    await this.#lease.reportSweep(input);
    let missedCount = 0;
    let afterSeq: number | undefined = 0;
    while (afterSeq !== undefined) {
      const from: { nowMs: number; afterSeq: number } = { nowMs: input.nowMs, afterSeq };
      const slice: ExpirySlice = await this.#write((session) => expireSlice(session, from));
      missedCount += slice.missedCount;
      afterSeq = slice.afterSeq;
    }
    return missedCount;
  }

  async getReceipt(receiptId: string): Promise<ReceiptRecord | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#read((session) => receipts.receiptById(session, hexToBytes(receiptId)));
  }

  async getEvidence(receiptId: string): Promise<Uint8Array | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#read((session) => evidence.evidenceOf(session, hexToBytes(receiptId)));
  }

  pruneEvidence(input: { keptSinceMs: number; maxBytes: number }): Promise<EvidencePruned> {
    return this.#write((session) => evidence.pruneEvidence(session, input));
  }

  async countOpen(filter: { publicKeyHex?: string; epochId?: number } = {}): Promise<number> {
    const { publicKeyHex, epochId } = filter;
    if (publicKeyHex !== undefined && !isHex(publicKeyHex, 32)) return 0;
    const publicKey = publicKeyHex === undefined ? undefined : hexToBytes(publicKeyHex);
    return this.#read((session) => receipts.countOpen(session, { publicKey, epochId }));
  }

  async getWorker(publicKeyHex: string): Promise<WorkerRecord | undefined> {
    if (!isHex(publicKeyHex, 32)) return undefined;
    return this.#read((session) =>
      workers.workerByKey(session, hexToBytes(publicKeyHex), this.#options),
    );
  }

  async getStanding(input: { receiptId: string; publicKeyHex: string }): Promise<Standing> {
    const { receiptId, publicKeyHex } = input;
    return this.#read(async (session) => {
      const stored = isHex(receiptId, 32)
        ? await receipts.receiptById(session, hexToBytes(receiptId))
        : undefined;
      const reputation = isHex(publicKeyHex, 32)
        ? await workers.standingOf(session, hexToBytes(publicKeyHex))
        : undefined;
      return toStanding(stored, reputation);
    });
  }

  listWorkers(page: { after?: string; limit: number }): Promise<WorkerRecord[]> {
    const { topsEpochs } = this.#options;
    const wanted = { after: keyCursor(page.after), limit: pageLimit(page.limit), topsEpochs };
    return this.#read((session) => workers.listWorkers(session, wanted));
  }

  epochCredits(
    epochId: number,
    page: { after?: string; limit: number } = { limit: PAGE_LIMIT_MAX },
  ): Promise<CreditRow[]> {
    const wanted = { epochId, after: keyCursor(page.after), limit: pageLimit(page.limit) };
    return this.#read((session) => workers.epochCredits(session, wanted));
  }

  epochEntries(
    epochId: number,
    page?: { afterReceiptId?: string; limit: number },
  ): Promise<LedgerEntry[]> {
    const after = page?.afterReceiptId;
    const wanted = {
      epochId,
      afterReceiptId: after !== undefined && isHex(after, 32) ? hexToBytes(after) : undefined,
      limit: page === undefined ? Number.MAX_SAFE_INTEGER : pageLimit(page.limit),
    };
    return this.#read((session) => receipts.ledgerEntries(session, wanted));
  }

  async recordAct(input: ActInput): Promise<ActResult> {
    requireActInput(input);
    return this.#write((session) => acts.performAct(session, input, this.#options));
  }

  listActs(page: { before?: number; limit: number }): Promise<ActRecord[]> {
    const { before = Number.MAX_SAFE_INTEGER } = page;
    return this.#read((session) =>
      acts.listActs(session, { before, limit: pageLimit(page.limit) }),
    );
  }

  listKeys(page: { after?: string; limit: number }): Promise<KeyRecord[]> {
    const { topsEpochs } = this.#options;
    const wanted = { after: keyCursor(page.after), limit: pageLimit(page.limit), topsEpochs };
    return this.#read(async (session) => {
      const records = await workers.listWorkers(session, wanted);
      return mergeKeys(records, await acts.allowedKeys(session, wanted), wanted.limit);
    });
  }

  allowList(knownVersion?: number): Promise<AllowList> {
    return this.#read((session) => acts.allowList(session, knownVersion));
  }

  async check(): Promise<void> {
    await this.#write(writeProbe);
    await this.compareClocks();
  }

  /** Asks the database for its time, for clockSkewMs. */
  async compareClocks(): Promise<void> {
    this.#requireOpen();
    await this.#clock.compare(this.#database);
  }

  clockSkewMs(): number {
    return this.#clock.skewMs;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#commits, this.#settles, this.#others].map((queue) => queue.close()));
    await this.#lease.release(this.#database);
    await this.#database.close();
  }

  async #read<T>(action: (session: Session) => Promise<T>): Promise<T> {
    this.#requireOpen();
    return this.#database.read(action);
  }

  #write<T>(action: (session: Session) => Promise<T>): Promise<T> {
    return this.#others.run(action) as Promise<T>;
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new LedgerError('closed', 'the ledger is closed');
  }
}
