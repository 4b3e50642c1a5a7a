import { bytesToHex, hexToBytes } from '@tops/crypto';
import { opsToUnits, shapeOps } from '@tops/protocol';
import type { ReceiptRecord } from '../ledger-records.ts';
import type { CommitInput } from '../ledger-store.ts';
import type { Outcome } from '../ledger-entry.ts';
import {
  parseRows,
  toReceiptRecord,
  toStoredReceipt,
  type StoredEntry,
  type StoredReceipt,
} from '../stored-records.ts';
import type { Connection, Statement } from './connection.ts';

export type { StoredEntry, StoredReceipt } from '../stored-records.ts';

/** Receipts and their challenges. */
export class ReceiptTable {
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;

  constructor(connection: Connection) {
    this.#statements = {
      get: connection.prepare(SQL.get),
      byNonce: connection.prepare(SQL.byNonce),
      insert: connection.prepare(SQL.insert),
      settle: connection.prepare(SQL.settle),
      revokeAccepted: connection.prepare(SQL.revokeAccepted),
      openOfKey: connection.prepare(SQL.openOfKey),
      openPastDeadline: connection.prepare(SQL.openPastDeadline),
      countOpen: connection.prepare(SQL.countOpen),
      countOpenOfKey: connection.prepare(SQL.countOpenOfKey),
      countOpenOfEpoch: connection.prepare(SQL.countOpenOfEpoch),
      entries: connection.prepare(SQL.entries),
    };
  }

  get(receiptId: Uint8Array): ReceiptRecord | undefined {
    const row = this.#statements.get.get(receiptId);
    return row === undefined ? undefined : toReceiptRecord(row);
  }

  getStored(receiptId: Uint8Array): StoredReceipt | undefined {
    const row = this.#statements.get.get(receiptId);
    return row === undefined ? undefined : toStoredReceipt(row);
  }

  /** Both views of one row, for a transition that answers with the record it has changed. */
  getBoth(
    receiptId: Uint8Array,
  ): { readonly stored: StoredReceipt; readonly record: ReceiptRecord } | undefined {
    const row = this.#statements.get.get(receiptId);
    return row === undefined
      ? undefined
      : { stored: toStoredReceipt(row), record: toReceiptRecord(row) };
  }

  byNonce(key: {
    readonly epochId: number;
    readonly publicKey: Uint8Array;
    readonly nonce: number;
  }): ReceiptRecord | undefined {
    const row = this.#statements.byNonce.get(key.epochId, key.publicKey, key.nonce);
    return row === undefined ? undefined : toReceiptRecord(row);
  }

  /** @returns the record as `get` reads it from now on; a spec of the port holds the two equal. */
  insert(input: CommitInput): ReceiptRecord {
    const { parsed } = input;
    this.#statements.insert.run(
      hexToBytes(parsed.receiptId),
      parsed.receipt.epoch_id,
      parsed.publicKey,
      parsed.receipt.nonce,
      opsToUnits(shapeOps(parsed.receipt.sizes)),
      JSON.stringify(parsed.receipt),
      JSON.stringify(input.rows),
      input.deadlineAtMs,
      hexToBytes(input.challengeSigHex),
      input.receivedAtMs,
    );
    return {
      receiptId: parsed.receiptId,
      publicKeyHex: bytesToHex(parsed.publicKey),
      receipt: parsed.receipt,
      rows: input.rows,
      deadlineAtMs: input.deadlineAtMs,
      challengeSigHex: input.challengeSigHex,
      receivedAtMs: input.receivedAtMs,
      outcome: 'open',
      creditedUnits: 0n,
    };
  }

  settle(input: {
    readonly seq: number;
    readonly outcome: Outcome;
    readonly atMs: number;
    readonly mismatchRow?: number | undefined;
  }): void {
    this.#statements.settle.run(input.outcome, input.mismatchRow ?? null, input.atMs, input.seq);
  }

  /** @returns how many accepted receipts of the key in the epoch are revoked now. */
  revokeAccepted(key: {
    readonly epochId: number;
    readonly publicKey: Uint8Array;
    readonly atMs: number;
  }): number {
    return this.#statements.revokeAccepted.run(key.atMs, key.epochId, key.publicKey);
  }

  openOfKey(publicKey: Uint8Array): StoredReceipt[] {
    return this.#statements.openOfKey.all(publicKey).map(toStoredReceipt);
  }

  openPastDeadline(input: {
    readonly nowMs: number;
    readonly afterSeq: number;
    readonly limit: number;
  }): StoredReceipt[] {
    return this.#statements.openPastDeadline
      .all(input.nowMs, input.afterSeq, input.limit)
      .map(toStoredReceipt);
  }

  countOpen(filter: { readonly publicKey?: Uint8Array; readonly epochId?: number }): number {
    const { publicKey, epochId } = filter;
    if (publicKey !== undefined) {
      const inEpoch = this.#statements.countOpenOfKey.get(publicKey, epochId ?? null);
      return inEpoch?.integer('open_count') ?? 0;
    }
    const row =
      epochId === undefined
        ? this.#statements.countOpen.get()
        : this.#statements.countOpenOfEpoch.get(epochId);
    return row?.integer('open_count') ?? 0;
  }

  /** Entries of an epoch in commit order, open receipts left out. */
  entries(page: {
    readonly epochId: number;
    readonly afterSeq: number;
    readonly limit: number;
  }): StoredEntry[] {
    return this.#statements.entries
      .all(page.epochId, page.afterSeq, page.limit)
      .map((row) => ({ ...toStoredReceipt(row), rows: parseRows(row) }));
  }
}

const STORED_COLUMNS = 'seq, receipt_id, epoch_id, public_key, units, deadline_at_ms, outcome';

const SQL = {
  get: 'SELECT * FROM receipts WHERE receipt_id = ?',
  byNonce: 'SELECT * FROM receipts WHERE epoch_id = ? AND public_key = ? AND nonce = ?',
  insert: `
    INSERT INTO receipts (receipt_id, epoch_id, public_key, nonce, units, receipt_json, rows_json,
      deadline_at_ms, challenge_sig, received_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  settle: 'UPDATE receipts SET outcome = ?, mismatch_row = ?, settled_at_ms = ? WHERE seq = ?',
  revokeAccepted: `
    UPDATE receipts SET outcome = 'revoked', settled_at_ms = ?
    WHERE epoch_id = ? AND public_key = ? AND outcome = 'accepted'`,
  openOfKey: `
    SELECT ${STORED_COLUMNS} FROM receipts WHERE outcome = 'open' AND public_key = ? ORDER BY seq`,
  openPastDeadline: `
    SELECT ${STORED_COLUMNS} FROM receipts INDEXED BY receipts_open
    WHERE outcome = 'open' AND deadline_at_ms < ? AND seq > ? ORDER BY seq LIMIT ?`,
  countOpen: `SELECT count(*) AS open_count FROM receipts WHERE outcome = 'open'`,
  countOpenOfKey: `
    SELECT count(*) AS open_count FROM receipts
    WHERE outcome = 'open' AND public_key = ?1 AND (?2 IS NULL OR epoch_id = ?2)`,
  countOpenOfEpoch: `
    SELECT count(*) AS open_count FROM receipts INDEXED BY receipts_open
    WHERE outcome = 'open' AND epoch_id = ?`,
  entries: `
    SELECT ${STORED_COLUMNS}, rows_json FROM receipts INDEXED BY receipts_in_epoch
    WHERE epoch_id = ? AND seq > ? AND outcome <> 'open' ORDER BY seq LIMIT ?`,
};
