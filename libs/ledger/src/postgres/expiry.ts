import { bytesToHex, hexToBytes } from '@tops/crypto';
import { nextMissScore, nextStreak } from '../reputation.ts';
import { toStoredReceipt } from '../stored-records.ts';
import type { Session } from './database.ts';
import { addTallies, setStreaks, TallySheet, type Streak } from './tallies.ts';
import { distinctKeys, lockStandings } from './workers.ts';

/** Challenges expired in one transaction. */
export const EXPIRY_SLICE_LIMIT = 500;

/**
 * How long a replica that says nothing still counts, by the database's clock. It bounds how long a crash holds open the
 * challenges whose answers it may have had; a replica reports about once a second.
 */
export const REPLICA_TTL_MS = 15_000;

/** What one replica knows when it looks for challenges to expire. */
export interface Sweep {
  readonly replicaId: string;
  /** Everything that arrived here until now is judged, or among the answers in flight. */
  readonly nowMs: number;
  readonly answersInFlight: ReadonlyMap<string, number>;
}

export interface ExpirySlice {
  readonly missedCount: number;
  /** Where the next slice begins; undefined when nothing is left. */
  readonly afterSeq: number | undefined;
}

/** In a transaction: tells the other replicas until when this one has swept, and what they have to leave open for it. */
export async function reportSweep(session: Session, sweep: Sweep): Promise<void> {
  const answers = [...sweep.answersInFlight];
  await session.run(
    `INSERT INTO replicas (replica_id, swept_to_ms, heartbeat_at, leased_receipts, leased_arrivals_ms)
    VALUES ($1, $2, clock_timestamp(), $3, $4)
    ON CONFLICT (replica_id) DO UPDATE SET swept_to_ms = excluded.swept_to_ms,
      heartbeat_at = excluded.heartbeat_at, leased_receipts = excluded.leased_receipts,
      leased_arrivals_ms = excluded.leased_arrivals_ms`,
    sweep.replicaId,
    sweep.nowMs,
    answers.map(([receiptId]) => hexToBytes(receiptId)),
    answers.map(([, arrivedAtMs]) => arrivedAtMs),
  );
  await session.run(
    `DELETE FROM replicas WHERE heartbeat_at < clock_timestamp() - $1 * interval '1 millisecond'`,
    10 * REPLICA_TTL_MS,
  );
}

/**
 * In a transaction: this replica is alive, but has not swept any further. A round that seals many entries takes longer than a
 * replica may be silent; until it sweeps again the others leave open what it may have an answer to.
 */
export async function renewHeartbeat(session: Session, replicaId: string): Promise<void> {
  await session.run(
    'UPDATE replicas SET heartbeat_at = clock_timestamp() WHERE replica_id = $1',
    replicaId,
  );
}

/** In a transaction: this replica takes no more answers. */
export async function forgetReplica(session: Session, replicaId: string): Promise<void> {
  await session.run('DELETE FROM replicas WHERE replica_id = $1', replicaId);
}

/**
 * In a transaction: a slice of the open challenges whose deadline every replica has swept past becomes missed. A replica
 * that has not swept so far may hold an answer in time nobody else knows of; one that has, names it in its lease.
 */
export async function expireSlice(
  session: Session,
  input: { readonly nowMs: number; readonly afterSeq: number },
): Promise<ExpirySlice> {
  const found = await session.query(
    `WITH live AS (
      SELECT * FROM replicas WHERE heartbeat_at >= clock_timestamp() - $4 * interval '1 millisecond'
    )
    SELECT seq, public_key FROM receipts
    WHERE outcome = 'open' AND seq > $2
      AND deadline_at_ms < least($1, (SELECT min(swept_to_ms) FROM live))
      AND NOT EXISTS (
        SELECT FROM live, unnest(leased_receipts, leased_arrivals_ms) AS lease (receipt_id, arrived_at_ms)
        WHERE lease.receipt_id = receipts.receipt_id AND lease.arrived_at_ms <= receipts.deadline_at_ms
      )
    ORDER BY seq LIMIT $3`,
    input.nowMs,
    input.afterSeq,
    EXPIRY_SLICE_LIMIT,
    REPLICA_TTL_MS,
  );
  const seqs = found.map((row) => row.integer('seq'));
  const keys = distinctKeys(found.map((row) => row.blob('public_key')));
  const missedCount =
    seqs.length === 0 ? 0 : await miss(session, { seqs, keys, atMs: input.nowMs });
  return {
    missedCount,
    afterSeq: seqs.length === EXPIRY_SLICE_LIMIT ? seqs.at(-1) : undefined,
  };
}

/** An unanswered challenge loses its own credit and half of the key's streak. Some may be settled by now: those stay. */
async function miss(
  session: Session,
  input: {
    readonly seqs: readonly number[];
    readonly keys: readonly Uint8Array[];
    readonly atMs: number;
  },
): Promise<number> {
  const standings = await lockStandings(session, input.keys);
  const rows = await session.query(
    `UPDATE receipts SET outcome = 'missed', settled_at_ms = $1
    WHERE seq = ANY ($2::bigint[]) AND outcome = 'open'
    RETURNING seq, receipt_id, epoch_id, public_key, units, deadline_at_ms, outcome`,
    input.atMs,
    input.seqs,
  );
  const sheet = new TallySheet();
  const streaks = new Map<string, Streak>();
  for (const { publicKey, epochId } of rows.map(toStoredReceipt)) {
    sheet.add(publicKey, epochId, { missed: 1 });
    const key = bytesToHex(publicKey);
    const before = streaks.get(key) ?? standings.get(key);
    streaks.set(key, {
      streakUnits: nextStreak(before?.streakUnits ?? 0n, { outcome: 'missed' }),
      missScore: nextMissScore(before?.missScore ?? 0, 'missed'),
      // Silence is no sign of life: the time last seen stays.
      atMs: 0,
    });
  }
  await addTallies(session, sheet);
  await setStreaks(session, streaks);
  return rows.length;
}
