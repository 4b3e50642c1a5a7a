import { hexToBytes, isHex } from '@tops/crypto';
import type { ArchiveStore, EntryPosition, SignHeadInput } from '../archive-store.ts';
import { requireSignHeadInput } from '../input-checks.ts';
import { LedgerError } from '../ledger-error.ts';
import type { EpochRecord, ReceiptRecord } from '../ledger-records.ts';
import { pageLimit } from '../page.ts';
import { toEpochRecord, toReceiptRecord } from '../stored-records.ts';
import type { Database, Session } from './database.ts';
import { epochById } from './epochs.ts';

/** How the archive reaches the database. */
interface Access {
  readonly database: Pick<Database, 'read' | 'exclusively'>;
  /** In a transaction of its own. */
  readonly write: <T>(action: (session: Session) => Promise<T>) => Promise<T>;
}

/** Chosen once, never changed: the advisory lock of the replica that rolls receipts out. */
const RETENTION_LOCK = 0x726f6c6c;

/** ArchiveStore over PostgreSQL. Each write finds out what is recorded already, so that it can be run again. */
export class PostgresArchive implements ArchiveStore {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  async signHead(input: SignHeadInput): Promise<EpochRecord> {
    requireSignHeadInput(input);
    const { epochId, signature, verifierKey, atMs } = input;
    return this.#access.write(async (session) => {
      await requireSealed(session, epochId);
      await session.run(
        `UPDATE epochs SET head_sig = $1, verifier_key = $2, signed_at_ms = $3
        WHERE epoch_id = $4 AND head_sig IS NULL`,
        ...[signature, verifierKey, atMs, epochId],
      );
      return requireSealed(session, epochId);
    });
  }

  unsignedEpochs(page: { limit: number }): Promise<EpochRecord[]> {
    return this.#epochs(
      'SELECT * FROM epochs WHERE head IS NOT NULL AND head_sig IS NULL ORDER BY epoch_id LIMIT $1',
      pageLimit(page.limit),
    );
  }

  epochsFrom(page: { fromId: number; limit: number }): Promise<EpochRecord[]> {
    return this.#epochs(
      'SELECT * FROM epochs WHERE epoch_id >= $1 ORDER BY epoch_id LIMIT $2',
      page.fromId,
      pageLimit(page.limit),
    );
  }

  async epochReceipts(
    epochId: number,
    page: { afterReceiptId?: string; limit: number },
  ): Promise<ReceiptRecord[]> {
    const { afterReceiptId: after } = page;
    if (after !== undefined && !isHex(after, 32)) return [];
    return this.#access.database.read(async (session) => {
      const afterSeq = after === undefined ? 0 : await seqOf(session, after);
      if (afterSeq === undefined) return [];
      const rows = await session.query(
        `SELECT * FROM receipts WHERE epoch_id = $1 AND seq > $2 AND outcome <> 'open'
        ORDER BY seq LIMIT $3`,
        ...[epochId, afterSeq, pageLimit(page.limit)],
      );
      return rows.map(toReceiptRecord);
    });
  }

  async entryPosition(receiptId: string): Promise<EntryPosition | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#access.database.read(async (session) => {
      const [row] = await session.query(
        'SELECT epoch_id, seq FROM receipts WHERE receipt_id = $1',
        hexToBytes(receiptId),
      );
      if (row === undefined) return undefined;
      return { epochId: row.integer('epoch_id'), sequence: row.integer('seq') };
    });
  }

  async archivedEpochOf(receiptId: string): Promise<number | undefined> {
    if (!isHex(receiptId, 32)) return undefined;
    return this.#access.database.read(async (session) => {
      const [row] = await session.query(
        'SELECT epoch_id FROM archived_receipts WHERE receipt_id = $1',
        hexToBytes(receiptId),
      );
      return row?.integer('epoch_id');
    });
  }

  rollableEpochs(input: { signedBeforeMs: number; limit: number }): Promise<EpochRecord[]> {
    return this.#epochs(
      `SELECT * FROM epochs WHERE rolled = 0 AND head_sig IS NOT NULL AND signed_at_ms <= $1
      ORDER BY epoch_id LIMIT $2`,
      input.signedBeforeMs,
      pageLimit(input.limit),
    );
  }

  markArchived(input: { epochId: number; atMs: number }): Promise<EpochRecord> {
    const { epochId, atMs } = input;
    return this.#access.write(async (session) => {
      await requireSealed(session, epochId);
      await session.run(
        'UPDATE epochs SET archived_at_ms = $1 WHERE epoch_id = $2 AND archived_at_ms IS NULL',
        ...[atMs, epochId],
      );
      return requireSealed(session, epochId);
    });
  }

  rollReceipts(input: { epochId: number; limit: number }): Promise<number> {
    const { epochId } = input;
    return this.#access.write(async (session) => {
      if ((await requireSealed(session, epochId)).archivedAtMs === undefined) {
        throw new LedgerError('input_invalid', `epoch ${epochId} is not archived`);
      }
      const rows = await session.query(
        'SELECT receipt_id FROM receipts WHERE epoch_id = $1 ORDER BY seq LIMIT $2 FOR UPDATE',
        ...[epochId, pageLimit(input.limit)],
      );
      const ids = rows.map((row) => row.blob('receipt_id'));
      if (ids.length === 0) {
        await session.run('UPDATE epochs SET rolled = 1 WHERE epoch_id = $1', epochId);
        return 0;
      }
      await session.run(
        `INSERT INTO archived_receipts (receipt_id, epoch_id)
        SELECT id, $2 FROM unnest($1::bytea[]) AS ids (id) ON CONFLICT (receipt_id) DO NOTHING`,
        ...[ids, epochId],
      );
      await session.run('DELETE FROM evidence WHERE receipt_id = ANY ($1::bytea[])', ids);
      return session.run('DELETE FROM receipts WHERE receipt_id = ANY ($1::bytea[])', ids);
    });
  }

  exclusively<T>(action: () => Promise<T>): Promise<T | undefined> {
    return this.#access.database.exclusively(RETENTION_LOCK, action);
  }

  #epochs(sql: string, ...values: number[]): Promise<EpochRecord[]> {
    return this.#access.database.read(async (session) => {
      const rows = await session.query(sql, ...values);
      return rows.map(toEpochRecord);
    });
  }
}

async function seqOf(session: Session, receiptId: string): Promise<number | undefined> {
  const sql = 'SELECT seq FROM receipts WHERE receipt_id = $1';
  const [row] = await session.query(sql, hexToBytes(receiptId));
  return row?.integer('seq');
}

async function requireSealed(session: Session, epochId: number): Promise<EpochRecord> {
  const epoch = await epochById(session, epochId);
  if (epoch === undefined) {
    throw new LedgerError('epoch_unknown', `epoch ${epochId} was never opened`);
  }
  if (epoch.sealed === undefined) {
    throw new LedgerError('input_invalid', `expected a sealed epoch, got ${epochId}`);
  }
  return epoch;
}
