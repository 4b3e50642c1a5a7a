import { INITIAL_HASH, nextHead, nextPrevHash } from '../epoch-chain.ts';
import { LedgerRoot } from '../ledger-entry.ts';
import { LedgerError } from '../ledger-error.ts';
import type { EpochRecord } from '../ledger-records.ts';
import type { OpenEpochInput } from '../ledger-store.ts';
import { toEpochRecord, toLedgerEntry, type StoredEntry } from '../stored-records.ts';
import type { Session } from './database.ts';
import { entriesOf } from './receipts.ts';
import { payCleanEpoch } from './workers.ts';

/** Chosen once, never changed: the advisory lock under which beacons and heads are chained. */
const CHAIN_LOCK = 0x63686169;
/** Entries hashed in one go: a few milliseconds of the event loop. */
const SLICE_LIMIT = 500;

/** Reads, and transactions that write, each on its own. */
interface Access {
  readonly read: <T>(action: (session: Session) => Promise<T>) => Promise<T>;
  readonly write: <T>(action: (session: Session) => Promise<T>) => Promise<T>;
}

export async function epochById(
  session: Session,
  epochId: number,
): Promise<EpochRecord | undefined> {
  return first(await session.query('SELECT * FROM epochs WHERE epoch_id = $1', epochId));
}

export async function latestEpoch(session: Session): Promise<EpochRecord | undefined> {
  return first(await session.query('SELECT * FROM epochs ORDER BY epoch_id DESC LIMIT 1'));
}

/** Newest first. */
export async function listEpochs(
  session: Session,
  page: { readonly beforeId: number; readonly limit: number },
): Promise<EpochRecord[]> {
  const rows = await session.query(
    'SELECT * FROM epochs WHERE epoch_id < $1 ORDER BY epoch_id DESC LIMIT $2',
    page.beforeId,
    page.limit,
  );
  return rows.map(toEpochRecord);
}

/** Oldest first. */
export async function unsealedEpochs(session: Session): Promise<EpochRecord[]> {
  const rows = await session.query('SELECT * FROM epochs WHERE head IS NULL ORDER BY epoch_id');
  return rows.map(toEpochRecord);
}

/** In a transaction: opens the epoch unless some replica has; the chain lock makes one beacon of all their entropies. */
export async function openEpoch(session: Session, input: OpenEpochInput): Promise<EpochRecord> {
  await lockChain(session);
  const latest = await latestEpoch(session);
  if (latest?.epochId === input.epochId) return latest;
  if (latest !== undefined && input.epochId < latest.epochId) {
    throw new LedgerError(
      'epoch_regressed',
      `expected an epoch after ${latest.epochId}, got ${input.epochId}: has the clock or EPOCH_SECONDS changed?`,
    );
  }
  const sealed = await latestSealed(session);
  const prevHash = nextPrevHash({
    previousPrevHash: latest?.prevHash ?? INITIAL_HASH,
    latestHead: sealed?.sealed?.head ?? INITIAL_HASH,
    epochId: input.epochId,
    entropy: input.entropy,
  });
  const rows = await session.query(
    `INSERT INTO epochs (epoch_id, prev_hash, entropy, opens_at_ms, closes_at_ms, previous_epoch_id,
      sealed_at_opening_epoch_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *`,
    input.epochId,
    prevHash,
    input.entropy,
    input.opensAtMs,
    input.closesAtMs,
    latest?.epochId ?? null,
    sealed?.epochId ?? null,
  );
  return required(first(rows), input.epochId);
}

/**
 * Seals an epoch: stops its receipts in one transaction, hashes what it then consists of outside any, records the head in
 * another. Replicas that do so at the same time hash the same final entries; the first one's head is kept.
 */
export async function sealEpoch(epochId: number, access: Access): Promise<EpochRecord> {
  const alreadySealed = await access.write((session) => beginSeal(session, epochId));
  if (alreadySealed !== undefined) return alreadySealed;
  const root = new LedgerRoot();
  let slice: StoredEntry[];
  let afterSeq = 0;
  do {
    const page = { epochId, afterSeq, limit: SLICE_LIMIT };
    slice = await access.read((session) => entriesOf(session, page));
    for (const entry of slice) root.append(toLedgerEntry(entry));
    afterSeq = slice.at(-1)?.seq ?? afterSeq;
  } while (slice.length === SLICE_LIMIT);
  return access.write((session) => finishSeal(session, epochId, root));
}

async function beginSeal(session: Session, epochId: number): Promise<EpochRecord | undefined> {
  await lockChain(session);
  // Waits for every commit into the epoch that is under way: each holds the row FOR SHARE until it is recorded.
  const locked = await session.query(
    'SELECT * FROM epochs WHERE epoch_id = $1 FOR NO KEY UPDATE',
    epochId,
  );
  const epoch = required(first(locked), epochId);
  if (epoch.sealed !== undefined) return epoch;
  const [oldest] = await session.query('SELECT min(epoch_id) AS id FROM epochs WHERE head IS NULL');
  if (oldest?.integer('id') !== epochId) {
    throw new LedgerError(
      'seal_out_of_order',
      `expected epoch ${oldest?.integer('id')} to be sealed first, got ${epochId}`,
    );
  }
  const [open] = await session.query(
    `SELECT count(*) AS open_count FROM receipts WHERE outcome = 'open' AND epoch_id = $1`,
    epochId,
  );
  const openCount = open?.integer('open_count') ?? 0;
  if (openCount > 0) {
    throw new LedgerError(
      'receipts_open',
      `epoch ${epochId} still has ${openCount} open challenges`,
    );
  }
  await session.run('UPDATE epochs SET takes_receipts = false WHERE epoch_id = $1', epochId);
  return undefined;
}

async function finishSeal(
  session: Session,
  epochId: number,
  root: LedgerRoot,
): Promise<EpochRecord> {
  await lockChain(session);
  const epoch = required(await epochById(session, epochId), epochId);
  if (epoch.sealed !== undefined) return epoch;
  const previous = await latestSealed(session);
  const ledgerRoot = root.digest();
  const head = nextHead({
    previousHead: previous?.sealed?.head ?? INITIAL_HASH,
    epochId,
    entryCount: root.entryCount,
    ledgerRoot,
  });
  const rows = await session.query(
    `UPDATE epochs SET head = $1, ledger_root = $2, entry_count = $3 WHERE epoch_id = $4 RETURNING *`,
    head,
    ledgerRoot,
    root.entryCount,
    epochId,
  );
  // After the epoch's row: epochs are locked before keys, here as in a commit.
  await payCleanEpoch(session, epochId);
  return required(first(rows), epochId);
}

async function latestSealed(session: Session): Promise<EpochRecord | undefined> {
  const rows = await session.query(
    'SELECT * FROM epochs WHERE head IS NOT NULL ORDER BY epoch_id DESC LIMIT 1',
  );
  return first(rows);
}

async function lockChain(session: Session): Promise<void> {
  await session.query('SELECT pg_advisory_xact_lock($1::bigint)', CHAIN_LOCK);
}

function first(rows: readonly Parameters<typeof toEpochRecord>[0][]): EpochRecord | undefined {
  return rows[0] === undefined ? undefined : toEpochRecord(rows[0]);
}

function required(epoch: EpochRecord | undefined, epochId: number): EpochRecord {
  if (epoch === undefined) {
    throw new LedgerError('epoch_unknown', `epoch ${epochId} was never opened`);
  }
  return epoch;
}
