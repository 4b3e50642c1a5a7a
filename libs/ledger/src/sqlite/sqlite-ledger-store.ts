import { setImmediate as nextTurn } from 'node:timers/promises';
import { hexToBytes, isHex } from '@tops/crypto';
import { unitsToOps } from '@tops/protocol';
import type { ActInput, ActRecord, ActResult, AllowList, KeyRecord } from '../admin-ledger.ts';
import {
  requireActInput,
  requireCommitInput,
  requireOpenEpochInput,
  requireSettleInput,
} from '../input-checks.ts';
import { LedgerRoot, type FinalOutcome, type LedgerEntry } from '../ledger-entry.ts';
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
import { ActTable } from './act-table.ts';
import type { Connection } from './connection.ts';
import { EpochTable } from './epoch-table.ts';
import { EvidenceTable } from './evidence-table.ts';
import { GroupCommit } from './group-commit.ts';
import { ReceiptTable, type StoredEntry } from './receipt-table.ts';
import { SqliteArchive } from './sqlite-archive.ts';
import { commitReceipt, missReceipt, settleReceipt, type Tables } from './transitions.ts';
import { WorkerTable, type WorkerView } from './worker-table.ts';

/** Writes one transaction takes together: bounds how long the event loop is held. */
const BATCH_LIMIT = 512;
/** Entries hashed, and challenges expired, in one go: about 10 ms of the event loop. */
const SLICE_LIMIT = 100;

/** LedgerStore over one libsql connection. Made by openSqliteLedger. */
export class SqliteLedgerStore implements LedgerStore {
  readonly archive: SqliteArchive;
  readonly #topsEpochs: number;
  readonly #connection: Connection;
  readonly #lock: Connection;
  readonly #tables: Tables;
  readonly #acts: ActTable;
  readonly #writes: GroupCommit;
  readonly #probe: () => void;

  constructor(
    options: { readonly topsEpochs: number; readonly queueLimit: number },
    dependencies: { readonly connection: Connection; readonly lock: Connection },
  ) {
    const { connection, lock } = dependencies;
    this.#topsEpochs = options.topsEpochs;
    this.#connection = connection;
    this.#lock = lock;
    this.#tables = {
      epochs: new EpochTable(connection),
      receipts: new ReceiptTable(connection),
      evidence: new EvidenceTable(connection),
      workers: new WorkerTable(connection),
    };
    this.#acts = new ActTable(connection);
    this.#writes = new GroupCommit(
      { queueLimit: options.queueLimit, batchLimit: BATCH_LIMIT },
      connection,
    );
    this.archive = new SqliteArchive({ connection, writes: this.#writes });
    const probe = connection.prepare(
      `INSERT INTO meta (key, value) VALUES ('probe', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1`,
    );
    this.#probe = () => void probe.run();
  }

  async openEpoch(input: OpenEpochInput): Promise<EpochRecord> {
    requireOpenEpochInput(input);
    return this.#writes.run(() => this.#tables.epochs.open(input));
  }

  async getEpoch(epochId: number): Promise<EpochRecord | undefined> {
    return this.#tables.epochs.get(epochId);
  }

  async latestEpoch(): Promise<EpochRecord | undefined> {
    return this.#tables.epochs.latest();
  }

  async listEpochs(page: { beforeId?: number; limit: number }): Promise<EpochRecord[]> {
    return this.#tables.epochs.list({
      beforeId: page.beforeId ?? Number.MAX_SAFE_INTEGER,
      limit: pageLimit(page.limit),
    });
  }

  async unsealedEpochs(): Promise<EpochRecord[]> {
    return this.#tables.epochs.unsealed();
  }

  async sealEpoch(input: { epochId: number }): Promise<EpochRecord> {
    const { epochId } = input;
    const { epochs, receipts, workers } = this.#tables;
    const alreadySealed = await this.#writes.run(() =>
      epochs.beginSeal({ epochId, openCount: receipts.countOpen({ epochId }) }),
    );
    if (alreadySealed !== undefined) return alreadySealed;
    const root = new LedgerRoot();
    let slice: StoredEntry[];
    let afterSeq = 0;
    do {
      slice = receipts.entries({ epochId, afterSeq, limit: SLICE_LIMIT });
      for (const entry of slice) root.append(toLedgerEntry(entry));
      afterSeq = slice.at(-1)?.seq ?? afterSeq;
      await nextTurn();
    } while (slice.length === SLICE_LIMIT);
    return this.#writes.run(() => {
      if (epochs.get(epochId)?.sealed === undefined) workers.payCleanEpoch(epochId);
      return epochs.finishSeal(epochId, root);
    });
  }

  async commitReceipt(input: CommitInput): Promise<CommitResult> {
    requireCommitInput(input);
    return this.#writes.run(() => commitReceipt(input, this.#tables));
  }

  async settleReceipt(input: SettleInput): Promise<SettleResult> {
    requireSettleInput(input);
    if (!isHex(input.receiptId, 32)) return { kind: 'receipt_unknown' };
    return this.#writes.run(() => settleReceipt(input, this.#tables));
  }

  async expireChallenges(input: {
    nowMs: number;
    answersInFlight: ReadonlyMap<string, number>;
  }): Promise<number> {
    let missedCount = 0;
    let afterSeq: number | undefined = 0;
    while (afterSeq !== undefined) {
      const from: number = afterSeq;
      afterSeq = await this.#writes.run(() => {
        const past = this.#tables.receipts.openPastDeadline({
          nowMs: input.nowMs,
          afterSeq: from,
          limit: SLICE_LIMIT,
        });
        for (const open of past) {
          const arrivedAtMs = input.answersInFlight.get(open.receiptId);
          if (arrivedAtMs !== undefined && arrivedAtMs <= open.deadlineAtMs) continue;
          missReceipt(open, { atMs: input.nowMs }, this.#tables);
          missedCount++;
        }
        return past.length === SLICE_LIMIT ? past.at(-1)?.seq : undefined;
      });
    }
    return missedCount;
  }

  async getReceipt(receiptId: string): Promise<ReceiptRecord | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#tables.receipts.get(hexToBytes(receiptId));
  }

  async getEvidence(receiptId: string): Promise<Uint8Array | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#tables.evidence.get(hexToBytes(receiptId));
  }

  pruneEvidence(input: { keptSinceMs: number; maxBytes: number }): Promise<EvidencePruned> {
    return this.#writes.run(() => this.#tables.evidence.prune(input));
  }

  async countOpen(filter: { publicKeyHex?: string; epochId?: number } = {}): Promise<number> {
    const { publicKeyHex, epochId } = filter;
    if (publicKeyHex !== undefined && !isHex(publicKeyHex, 32)) return 0;
    return this.#tables.receipts.countOpen({
      ...(publicKeyHex === undefined ? {} : { publicKey: hexToBytes(publicKeyHex) }),
      ...(epochId === undefined ? {} : { epochId }),
    });
  }

  async getWorker(publicKeyHex: string): Promise<WorkerRecord | undefined> {
    if (!isHex(publicKeyHex, 32)) return undefined;
    return this.#tables.workers.get(hexToBytes(publicKeyHex), this.#workerView());
  }

  async getStanding(input: { receiptId: string; publicKeyHex: string }): Promise<Standing> {
    const { receiptId, publicKeyHex } = input;
    const stored = isHex(receiptId, 32)
      ? this.#tables.receipts.get(hexToBytes(receiptId))
      : undefined;
    const reputation = isHex(publicKeyHex, 32)
      ? this.#tables.workers.standing(hexToBytes(publicKeyHex))
      : undefined;
    return toStanding(stored, reputation);
  }

  async listWorkers(page: { after?: string; limit: number }): Promise<WorkerRecord[]> {
    return this.#tables.workers.list(
      { after: keyCursor(page.after), limit: pageLimit(page.limit) },
      this.#workerView(),
    );
  }

  async epochCredits(
    epochId: number,
    page: { after?: string; limit: number } = { limit: PAGE_LIMIT_MAX },
  ): Promise<CreditRow[]> {
    const { after, limit } = page;
    return this.#tables.workers.epochCredits({
      epochId,
      after: keyCursor(after),
      limit: pageLimit(limit),
    });
  }

  async epochEntries(
    epochId: number,
    page?: { afterReceiptId?: string; limit: number },
  ): Promise<LedgerEntry[]> {
    const { receipts } = this.#tables;
    const after = page?.afterReceiptId;
    const afterSeq =
      after !== undefined && isHex(after, 32) ? receipts.getStored(hexToBytes(after))?.seq : 0;
    // A cursor that is not a receipt of the ledger has nothing after it.
    if (afterSeq === undefined) return [];
    const limit = page === undefined ? Number.MAX_SAFE_INTEGER : pageLimit(page.limit);
    return receipts.entries({ epochId, afterSeq, limit }).map(toLedgerEntry);
  }

  async recordAct(input: ActInput): Promise<ActResult> {
    requireActInput(input);
    const { workers } = this.#tables;
    return this.#writes.run(() => this.#acts.perform(input, { workers, view: this.#workerView() }));
  }

  async listActs(page: { before?: number; limit: number }): Promise<ActRecord[]> {
    const before = page.before ?? Number.MAX_SAFE_INTEGER;
    return this.#acts.list({ before, limit: pageLimit(page.limit) });
  }

  async listKeys(page: { after?: string; limit: number }): Promise<KeyRecord[]> {
    const wanted = { after: keyCursor(page.after), limit: pageLimit(page.limit) };
    const records = this.#tables.workers.list(wanted, this.#workerView());
    return mergeKeys(records, this.#acts.allowed(wanted), wanted.limit);
  }

  async allowList(knownVersion?: number): Promise<AllowList> {
    return this.#acts.allowList(knownVersion);
  }

  async check(): Promise<void> {
    await this.#writes.run(this.#probe);
  }

  async close(): Promise<void> {
    this.#writes.close();
    this.#connection.close();
    this.#lock.close();
  }

  #workerView(): WorkerView {
    return {
      topsWindow: this.#tables.epochs.topsWindow(this.#topsEpochs),
      latestEpochId: this.#tables.epochs.latest()?.epochId ?? 0,
    };
  }
}

function toLedgerEntry(stored: StoredEntry): LedgerEntry {
  const credited_ops =
    stored.outcome === 'accepted' ? unitsToOps(Number(stored.units)).toString() : '0';
  return {
    credited_ops,
    // entries() leaves open receipts out.
    outcome: stored.outcome as FinalOutcome,
    receipt_id: stored.receiptId,
    rows: stored.rows,
  };
}
