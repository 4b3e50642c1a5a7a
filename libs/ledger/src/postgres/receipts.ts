import type { LedgerEntry } from '../ledger-entry.ts';
import type { ReceiptRecord } from '../ledger-records.ts';
import {
  parseRows,
  toLedgerEntry,
  toReceiptRecord,
  toStoredReceipt,
  type StoredEntry,
} from '../stored-records.ts';
import type { Session } from './database.ts';

export const STORED_COLUMNS =
  'seq, receipt_id, epoch_id, public_key, units, deadline_at_ms, outcome';

export async function receiptById(
  session: Session,
  receiptId: Uint8Array,
): Promise<ReceiptRecord | undefined> {
  const [row] = await session.query('SELECT * FROM receipts WHERE receipt_id = $1', receiptId);
  return row === undefined ? undefined : toReceiptRecord(row);
}

export async function countOpen(
  session: Session,
  filter: { readonly publicKey: Uint8Array | undefined; readonly epochId: number | undefined },
): Promise<number> {
  const { publicKey, epochId } = filter;
  const values = [publicKey, epochId].filter((value) => value !== undefined);
  const conditions = [
    `outcome = 'open'`,
    ...(publicKey === undefined ? [] : ['public_key = $1']),
    ...(epochId === undefined ? [] : [`epoch_id = $${values.length}`]),
  ];
  const [row] = await session.query(
    `SELECT count(*) AS open_count FROM receipts WHERE ${conditions.join(' AND ')}`,
    ...values,
  );
  return row?.integer('open_count') ?? 0;
}

/** Entries of an epoch by seq, which no receipt gets before one that was recorded before it; open receipts are left out. */
export async function entriesOf(
  session: Session,
  page: { readonly epochId: number; readonly afterSeq: number; readonly limit: number },
): Promise<StoredEntry[]> {
  const rows = await session.query(
    `SELECT ${STORED_COLUMNS}, rows_json FROM receipts
    WHERE epoch_id = $1 AND seq > $2 AND outcome <> 'open' ORDER BY seq LIMIT $3`,
    page.epochId,
    page.afterSeq,
    page.limit,
  );
  return rows.map((row) => ({ ...toStoredReceipt(row), rows: parseRows(row) }));
}

/** A page of ledger entries; a cursor that is not a receipt of the ledger has nothing after it. */
export async function ledgerEntries(
  session: Session,
  page: {
    readonly epochId: number;
    readonly afterReceiptId: Uint8Array | undefined;
    readonly limit: number;
  },
): Promise<LedgerEntry[]> {
  let afterSeq = 0;
  if (page.afterReceiptId !== undefined) {
    const [row] = await session.query(
      'SELECT seq FROM receipts WHERE receipt_id = $1',
      page.afterReceiptId,
    );
    if (row === undefined) return [];
    afterSeq = row.integer('seq');
  }
  const entries = await entriesOf(session, { ...page, afterSeq });
  return entries.map(toLedgerEntry);
}
