import { hexToBytes, isHex } from '@tops/crypto';
import type { ArchiveStore, EntryPosition, SignHeadInput } from '../archive-store.ts';
import { requireSignHeadInput } from '../input-checks.ts';
import { LedgerError } from '../ledger-error.ts';
import type { EpochRecord, ReceiptRecord } from '../ledger-records.ts';
import { pageLimit } from '../page.ts';
import { toEpochRecord, toReceiptRecord } from '../stored-records.ts';
import type { Connection, Statement } from './connection.ts';
import type { GroupCommit } from './group-commit.ts';

/** ArchiveStore of the embedded ledger. */
export class SqliteArchive implements ArchiveStore {
  readonly #writes: GroupCommit;
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;
  #isHeld = false;

  constructor(dependencies: { readonly connection: Connection; readonly writes: GroupCommit }) {
    this.#writes = dependencies.writes;
    const prepared = Object.entries(SQL).map(
      ([name, sql]) => [name, dependencies.connection.prepare(sql)] as const,
    );
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof SQL, Statement>;
  }

  async signHead(input: SignHeadInput): Promise<EpochRecord> {
    requireSignHeadInput(input);
    const { epochId, signature, verifierKey, atMs } = input;
    return this.#writes.run(() => {
      this.#requireSealed(epochId);
      this.#statements.sign.run(signature, verifierKey, atMs, epochId);
      return this.#requireSealed(epochId);
    });
  }

  async unsignedEpochs(page: { limit: number }): Promise<EpochRecord[]> {
    return this.#statements.unsigned.all(pageLimit(page.limit)).map(toEpochRecord);
  }

  async epochsFrom(page: { fromId: number; limit: number }): Promise<EpochRecord[]> {
    return this.#statements.from.all(page.fromId, pageLimit(page.limit)).map(toEpochRecord);
  }

  async epochReceipts(
    epochId: number,
    page: { afterReceiptId?: string; limit: number },
  ): Promise<ReceiptRecord[]> {
    const afterSeq = page.afterReceiptId === undefined ? 0 : this.#seqOf(page.afterReceiptId);
    if (afterSeq === undefined) return [];
    return this.#statements.receipts
      .all(epochId, afterSeq, pageLimit(page.limit))
      .map(toReceiptRecord);
  }

  async entryPosition(receiptId: string): Promise<EntryPosition | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    const row = this.#statements.position.get(hexToBytes(receiptId));
    if (row === undefined) return undefined;
    return { epochId: row.integer('epoch_id'), sequence: row.integer('seq') };
  }

  async archivedEpochOf(receiptId: string): Promise<number | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#statements.archived.get(hexToBytes(receiptId))?.integer('epoch_id');
  }

  async rollableEpochs(input: { signedBeforeMs: number; limit: number }): Promise<EpochRecord[]> {
    const limit = pageLimit(input.limit);
    return this.#statements.rollable.all(input.signedBeforeMs, limit).map(toEpochRecord);
  }

  async markArchived(input: { epochId: number; atMs: number }): Promise<EpochRecord> {
    const { epochId, atMs } = input;
    return this.#writes.run(() => {
      this.#requireSealed(epochId);
      this.#statements.mark.run(atMs, epochId);
      return this.#requireSealed(epochId);
    });
  }

  async rollReceipts(input: { epochId: number; limit: number }): Promise<number> {
    const { epochId } = input;
    const limit = pageLimit(input.limit);
    return this.#writes.run(() => {
      if (this.#requireSealed(epochId).archivedAtMs === undefined) {
        throw new LedgerError('input_invalid', `epoch ${epochId} is not archived`);
      }
      this.#statements.remember.run(epochId, limit);
      this.#statements.dropEvidence.run(epochId, limit);
      const count = this.#statements.drop.run(epochId, limit);
      if (count === 0) this.#statements.rolled.run(epochId);
      return count;
    });
  }

  /** The directory's lock keeps other processes out. */
  async exclusively<T>(action: () => Promise<T>): Promise<T | undefined> {
    if (this.#isHeld) return undefined;
    this.#isHeld = true;
    try {
      return await action();
    } finally {
      this.#isHeld = false;
    }
  }

  #seqOf(receiptId: string): number | undefined {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#statements.position.get(hexToBytes(receiptId))?.integer('seq');
  }

  #requireSealed(epochId: number): EpochRecord {
    const row = this.#statements.epoch.get(epochId);
    if (row === undefined) {
      throw new LedgerError('epoch_unknown', `epoch ${epochId} was never opened`);
    }
    const epoch = toEpochRecord(row);
    if (epoch.sealed === undefined) {
      throw new LedgerError('input_invalid', `expected a sealed epoch, got ${epochId}`);
    }
    return epoch;
  }
}

const ROLLED_NEXT = 'FROM receipts WHERE epoch_id = ? ORDER BY seq LIMIT ?';

const SQL = {
  epoch: 'SELECT * FROM epochs WHERE epoch_id = ?',
  sign: `
    UPDATE epochs SET head_sig = ?, verifier_key = ?, signed_at_ms = ?
    WHERE epoch_id = ? AND head_sig IS NULL`,
  unsigned: `
    SELECT * FROM epochs WHERE head IS NOT NULL AND head_sig IS NULL ORDER BY epoch_id LIMIT ?`,
  from: 'SELECT * FROM epochs WHERE epoch_id >= ? ORDER BY epoch_id LIMIT ?',
  receipts: `
    SELECT * FROM receipts INDEXED BY receipts_in_epoch
    WHERE epoch_id = ? AND seq > ? AND outcome <> 'open' ORDER BY seq LIMIT ?`,
  position: 'SELECT epoch_id, seq FROM receipts WHERE receipt_id = ?',
  archived: 'SELECT epoch_id FROM archived_receipts WHERE receipt_id = ?',
  rollable: `
    SELECT * FROM epochs WHERE rolled = 0 AND head_sig IS NOT NULL AND signed_at_ms <= ?
    ORDER BY epoch_id LIMIT ?`,
  mark: 'UPDATE epochs SET archived_at_ms = ? WHERE epoch_id = ? AND archived_at_ms IS NULL',
  remember: `
    INSERT INTO archived_receipts (receipt_id, epoch_id) SELECT receipt_id, epoch_id ${ROLLED_NEXT}`,
  dropEvidence: `DELETE FROM evidence WHERE receipt_id IN (SELECT receipt_id ${ROLLED_NEXT})`,
  drop: `DELETE FROM receipts WHERE seq IN (SELECT seq ${ROLLED_NEXT})`,
  rolled: 'UPDATE epochs SET rolled = 1 WHERE epoch_id = ?',
};
