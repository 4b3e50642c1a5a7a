import { bytesToHex } from '@tops/crypto';
import type { CreditRow, WorkerRecord } from '../ledger-records.ts';
import {
  STANDING_COLUMNS,
  toCreditRow,
  toWorkerRecord,
  toWorkerStanding,
  type WorkerStanding,
  type WorkerView,
} from '../stored-records.ts';
import type { Session } from './database.ts';

/** Each key once. */
export function distinctKeys(keys: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(keys.map((key) => [bytesToHex(key), key])).values()];
}

/**
 * In a transaction: locks the rows of these keys, in the order of their bytes, and reads what commits and verdicts decide by.
 * Whoever changes a key's receipts, credits or record holds this lock: it makes them take turns over all replicas.
 *
 * @returns by key in hex; a key that is not registered is absent.
 */
export async function lockStandings(
  session: Session,
  keys: readonly Uint8Array[],
): Promise<Map<string, WorkerStanding>> {
  const rows = await session.query(
    `SELECT public_key, ${STANDING_COLUMNS} FROM workers
    WHERE public_key = ANY ($1::bytea[]) ORDER BY public_key FOR NO KEY UPDATE`,
    keys,
  );
  return new Map(rows.map((row) => [bytesToHex(row.blob('public_key')), toWorkerStanding(row)]));
}

/** Open challenges by key in hex; none is absent. */
export async function openCountsOf(
  session: Session,
  keys: readonly Uint8Array[],
): Promise<Map<string, number>> {
  const rows = await session.query(
    `SELECT public_key, count(*) AS open_count FROM receipts
    WHERE outcome = 'open' AND public_key = ANY ($1::bytea[]) GROUP BY public_key`,
    keys,
  );
  return new Map(
    rows.map((row) => [bytesToHex(row.blob('public_key')), row.integer('open_count')]),
  );
}

// Sealing goes in order of id, so sealed epochs are exactly those up to the latest sealed: a window of them is an id range.
const VIEW = `
  SELECT (SELECT max(epoch_id) FROM epochs) AS latest_epoch_id, min(epoch_id) AS from_epoch_id,
    max(epoch_id) AS to_epoch_id, sum(closes_at_ms - opens_at_ms)::bigint AS wall_time_ms
  FROM (SELECT * FROM epochs WHERE head IS NOT NULL ORDER BY epoch_id DESC LIMIT $1) AS latest_sealed`;

const WORKERS = `
  SELECT w.*, (SELECT coalesce(sum(c.credited_units), 0)::bigint FROM credits c
    WHERE c.public_key = w.public_key AND c.epoch_id BETWEEN $1 AND $2) AS window_units
  FROM workers w`;

export async function workerByKey(
  session: Session,
  publicKey: Uint8Array,
  options: { readonly topsEpochs: number },
): Promise<WorkerRecord | undefined> {
  const view = await readView(session, options.topsEpochs);
  const sql = `${WORKERS} WHERE w.public_key = $3`;
  const [row] = await session.query(sql, ...windowIds(view), publicKey);
  return row === undefined ? undefined : toWorkerRecord(row, view);
}

/** What a key's next receipt is met with; locks nothing. */
export async function standingOf(
  session: Session,
  publicKey: Uint8Array,
): Promise<WorkerStanding | undefined> {
  const [row] = await session.query(
    `SELECT ${STANDING_COLUMNS} FROM workers WHERE public_key = $1`,
    publicKey,
  );
  return row === undefined ? undefined : toWorkerStanding(row);
}

/** In a transaction that holds the key's lock: refuses its receipts until an epoch, and puts it on probation; shortens neither. */
export async function quarantine(
  session: Session,
  input: {
    readonly publicKey: Uint8Array;
    readonly untilEpochId: number;
    readonly cleanEpochs: number;
  },
): Promise<void> {
  await session.run(
    `UPDATE workers SET quarantined_until_epoch = greatest(coalesce(quarantined_until_epoch, 0), $1),
      probation_epochs = greatest(probation_epochs, $2)
    WHERE public_key = $3`,
    input.untilEpochId,
    input.cleanEpochs,
    input.publicKey,
  );
}

/**
 * In the transaction that seals an epoch: keys on probation that were clean in it (isCleanEpoch) owe one clean epoch less.
 * Locks their rows in the order of their bytes, as everybody does.
 */
export async function payCleanEpoch(session: Session, epochId: number): Promise<void> {
  await session.run(
    `UPDATE workers SET probation_epochs = probation_epochs - 1
    FROM (SELECT w.public_key FROM workers w JOIN credits c ON c.public_key = w.public_key
      WHERE c.epoch_id = $1 AND c.accepted > 0 AND c.rejected = 0
        AND w.probation_epochs > 0 AND coalesce(w.quarantined_until_epoch, 0) <= $1
      ORDER BY w.public_key FOR NO KEY UPDATE OF w) AS clean
    WHERE workers.public_key = clean.public_key`,
    epochId,
  );
}

/** Ordered by key; `after` is exclusive, and no bytes at all sort before every key. */
export async function listWorkers(
  session: Session,
  page: { readonly after: Uint8Array; readonly limit: number; readonly topsEpochs: number },
): Promise<WorkerRecord[]> {
  const view = await readView(session, page.topsEpochs);
  const sql = `${WORKERS} WHERE w.public_key > $3 ORDER BY w.public_key LIMIT $4`;
  const rows = await session.query(sql, ...windowIds(view), page.after, page.limit);
  return rows.map((row) => toWorkerRecord(row, view));
}

export async function epochCredits(
  session: Session,
  page: { readonly epochId: number; readonly after: Uint8Array; readonly limit: number },
): Promise<CreditRow[]> {
  const rows = await session.query(
    `SELECT c.*, w.did FROM credits c JOIN workers w ON w.public_key = c.public_key
    WHERE c.epoch_id = $1 AND c.public_key > $2 ORDER BY c.public_key LIMIT $3`,
    page.epochId,
    page.after,
    page.limit,
  );
  return rows.map(toCreditRow);
}

async function readView(session: Session, topsEpochs: number): Promise<WorkerView> {
  const [row] = await session.query(VIEW, topsEpochs);
  if (row === undefined || row.isNull('latest_epoch_id')) {
    return { topsWindow: undefined, latestEpochId: 0 };
  }
  return {
    latestEpochId: row.integer('latest_epoch_id'),
    topsWindow: row.isNull('from_epoch_id')
      ? undefined
      : {
          fromEpochId: row.integer('from_epoch_id'),
          toEpochId: row.integer('to_epoch_id'),
          wallTimeMs: row.integer('wall_time_ms'),
        },
  };
}

/** An id range no epoch is in, while nothing is sealed yet. */
function windowIds({ topsWindow }: WorkerView): [number, number] {
  return topsWindow === undefined ? [0, -1] : [topsWindow.fromEpochId, topsWindow.toEpochId];
}
