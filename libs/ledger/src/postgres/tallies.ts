import { bytesToHex, hexToBytes } from '@tops/crypto';
import type { Session } from './database.ts';

/** What changes of outcomes add to (or take from) a key's counts in one epoch. */
export interface Tally {
  readonly creditedUnits?: bigint;
  readonly accepted?: number;
  readonly rejected?: number;
  readonly missed?: number;
  readonly revoked?: number;
}

interface Sum {
  readonly publicKey: Uint8Array;
  readonly epochId: number;
  creditedUnits: bigint;
  accepted: number;
  rejected: number;
  missed: number;
  revoked: number;
}

/** Tallies of a batch, summed by key and epoch. */
export class TallySheet {
  readonly #sums = new Map<string, Sum>();

  add(publicKey: Uint8Array, epochId: number, tally: Tally): void {
    const slot = `${bytesToHex(publicKey)} ${epochId}`;
    const sum: Sum = this.#sums.get(slot) ?? {
      ...{ publicKey, epochId, creditedUnits: 0n, accepted: 0, rejected: 0, missed: 0, revoked: 0 },
    };
    sum.creditedUnits += tally.creditedUnits ?? 0n;
    sum.accepted += tally.accepted ?? 0;
    sum.rejected += tally.rejected ?? 0;
    sum.missed += tally.missed ?? 0;
    sum.revoked += tally.revoked ?? 0;
    this.#sums.set(slot, sum);
  }

  get sums(): readonly Readonly<Sum>[] {
    return [...this.#sums.values()];
  }
}

const SUMS = `unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
  AS new (public_key, epoch_id, credited_units, accepted, rejected, missed, revoked)`;

/** In a transaction that holds the keys' locks: adds a sheet to the records of the keys and to their credit by epoch. */
export async function addTallies(session: Session, sheet: TallySheet): Promise<void> {
  const { sums } = sheet;
  if (sums.length === 0) return;
  const values = [
    sums.map((sum) => sum.publicKey),
    sums.map((sum) => sum.epochId),
    sums.map((sum) => sum.creditedUnits),
    sums.map((sum) => sum.accepted),
    sums.map((sum) => sum.rejected),
    sums.map((sum) => sum.missed),
    sums.map((sum) => sum.revoked),
  ];
  await session.run(
    `UPDATE workers SET credited_units = workers.credited_units + new.credited_units,
      accepted = workers.accepted + new.accepted, rejected = workers.rejected + new.rejected,
      missed = workers.missed + new.missed, revoked = workers.revoked + new.revoked
    FROM (SELECT public_key, sum(credited_units)::bigint AS credited_units, sum(accepted)::bigint AS accepted,
        sum(rejected)::bigint AS rejected, sum(missed)::bigint AS missed, sum(revoked)::bigint AS revoked
      FROM ${SUMS} WHERE epoch_id >= 0 GROUP BY public_key) AS new
    WHERE workers.public_key = new.public_key`,
    ...values,
  );
  // Rows first: a row to insert is checked before its conflict is looked for, and a revocation's sums are negative.
  await session.run(
    `INSERT INTO credits (public_key, epoch_id)
    SELECT * FROM unnest($1::bytea[], $2::bigint[]) ON CONFLICT (public_key, epoch_id) DO NOTHING`,
    ...values.slice(0, 2),
  );
  await session.run(
    `UPDATE credits SET credited_units = credits.credited_units + new.credited_units,
      accepted = credits.accepted + new.accepted, rejected = credits.rejected + new.rejected,
      missed = credits.missed + new.missed, revoked = credits.revoked + new.revoked
    FROM ${SUMS} WHERE credits.public_key = new.public_key AND credits.epoch_id = new.epoch_id`,
    ...values,
  );
}

/** Where outcomes leave a key's streak and score of misses; `atMs` 0 leaves the time last seen as it is. */
export interface Streak {
  readonly streakUnits: bigint;
  readonly missScore: number;
  readonly atMs: number;
}

/** In a transaction that holds the keys' locks. @param streaks - by key in hex. */
export async function setStreaks(
  session: Session,
  streaks: ReadonlyMap<string, Streak>,
): Promise<void> {
  if (streaks.size === 0) return;
  const values = [...streaks.values()];
  await session.run(
    `UPDATE workers SET streak_units = new.streak_units, miss_score = new.miss_score,
      last_seen_at_ms = greatest(last_seen_at_ms, new.at_ms)
    FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[])
      AS new (public_key, streak_units, miss_score, at_ms)
    WHERE workers.public_key = new.public_key`,
    [...streaks.keys()].map(hexToBytes),
    values.map((streak) => streak.streakUnits),
    values.map((streak) => streak.missScore),
    values.map((streak) => streak.atMs),
  );
}
