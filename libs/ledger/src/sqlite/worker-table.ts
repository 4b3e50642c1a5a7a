import type { CreditRow, WorkerRecord } from '../ledger-records.ts';
import type { RateWindow } from '../receipt-rate.ts';
import { MISS_WINDOW } from '../reputation.ts';
import {
  STANDING_COLUMNS,
  toCreditRow,
  toWorkerRecord,
  toWorkerStanding,
  type WorkerStanding,
  type WorkerView,
} from '../stored-records.ts';
import type { Connection, Statement } from './connection.ts';

export type { WorkerView } from '../stored-records.ts';

/** What a change of outcomes adds to (or takes from) a key's counts. */
export interface Tally {
  readonly creditedUnits?: bigint;
  readonly accepted?: number;
  readonly rejected?: number;
  readonly missed?: number;
  readonly revoked?: number;
}

/** Keys and their sums, over all epochs (`workers`) and per epoch (`credits`). */
export class WorkerTable {
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;

  constructor(connection: Connection) {
    this.#statements = {
      standing: connection.prepare(SQL.standing),
      get: connection.prepare(SQL.get),
      list: connection.prepare(SQL.list),
      seen: connection.prepare(SQL.seen),
      register: connection.prepare(SQL.register),
      tallyWorker: connection.prepare(SQL.tallyWorker),
      tallyEpoch: connection.prepare(SQL.tallyEpoch),
      insertEpoch: connection.prepare(SQL.insertEpoch),
      acceptWorker: connection.prepare(SQL.acceptWorker),
      acceptEpoch: connection.prepare(SQL.acceptEpoch),
      streak: connection.prepare(SQL.streak),
      quarantine: connection.prepare(SQL.quarantine),
      release: connection.prepare(SQL.release),
      payCleanEpoch: connection.prepare(SQL.payCleanEpoch),
      epochUnits: connection.prepare(SQL.epochUnits),
      epochCredits: connection.prepare(SQL.epochCredits),
    };
  }

  standing(publicKey: Uint8Array): WorkerStanding | undefined {
    const row = this.#statements.standing.get(publicKey);
    if (row === undefined) return undefined;
    return toWorkerStanding(row);
  }

  get(publicKey: Uint8Array, view: WorkerView): WorkerRecord | undefined {
    const { fromEpochId, toEpochId } = windowIds(view);
    const row = this.#statements.get.get(fromEpochId, toEpochId, publicKey);
    return row === undefined ? undefined : toWorkerRecord(row, view);
  }

  list(
    page: { readonly after: Uint8Array; readonly limit: number },
    view: WorkerView,
  ): WorkerRecord[] {
    const { fromEpochId, toEpochId } = windowIds(view);
    return this.#statements.list
      .all(fromEpochId, toEpochId, page.after, page.limit)
      .map((row) => toWorkerRecord(row, view));
  }

  /** Registers a key, or notes its latest receipt. */
  seen(input: {
    readonly publicKey: Uint8Array;
    readonly did: string;
    readonly label: string | undefined;
    readonly atMs: number;
    readonly rate: RateWindow;
  }): void {
    const { publicKey, did, label, atMs, rate } = input;
    this.#statements.seen.run(publicKey, did, label ?? null, atMs, rate.startedAtMs, rate.count);
  }

  /** Gives a key a record that has none; its latest receipt is none. */
  register(publicKey: Uint8Array, did: string): void {
    this.#statements.register.run(publicKey, did);
  }

  tally(publicKey: Uint8Array, epochId: number, tally: Tally): void {
    const sums = [
      tally.creditedUnits ?? 0n,
      tally.accepted ?? 0,
      tally.rejected ?? 0,
      tally.missed ?? 0,
      tally.revoked ?? 0,
    ];
    this.#statements.tallyWorker.run(...sums, publicKey);
    if (this.#statements.tallyEpoch.run(...sums, publicKey, epochId) === 0) {
      this.#statements.insertEpoch.run(...sums, publicKey, epochId);
    }
  }

  /** One more accepted receipt: credit, count, streak and score of misses, of the key and of the key in the epoch. */
  accept(input: { publicKey: Uint8Array; epochId: number; units: bigint; atMs: number }): void {
    const { publicKey, epochId, units, atMs } = input;
    this.#statements.acceptWorker.run(units, units, atMs, publicKey);
    this.#statements.acceptEpoch.run(publicKey, epochId, units);
  }

  setStreak(input: {
    publicKey: Uint8Array;
    streakUnits: bigint;
    missScore: number;
    atMs: number;
  }): void {
    const { publicKey, streakUnits, missScore, atMs } = input;
    this.#statements.streak.run(streakUnits, missScore, atMs, publicKey);
  }

  /** Refuses a key's receipts until an epoch and puts it on probation afterwards; shortens neither. */
  quarantine(input: {
    readonly publicKey: Uint8Array;
    readonly untilEpochId: number;
    readonly cleanEpochs: number;
  }): void {
    this.#statements.quarantine.run(input.untilEpochId, input.cleanEpochs, input.publicKey);
  }

  /** Once an epoch, as it is sealed: keys on probation that were clean in it owe one clean epoch less. */
  payCleanEpoch(epochId: number): void {
    this.#statements.payCleanEpoch.run(epochId, epochId);
  }

  /** At once; a key that was caught from the next epoch on: one with a rejection never holds credit beside it. */
  release(publicKey: Uint8Array): void {
    this.#statements.release.run(publicKey);
  }

  /** Standing credit of one key in one epoch. */
  epochUnits(publicKey: Uint8Array, epochId: number): bigint {
    return this.#statements.epochUnits.get(publicKey, epochId)?.bigint('credited_units') ?? 0n;
  }

  epochCredits(page: {
    readonly epochId: number;
    readonly after: Uint8Array;
    readonly limit: number;
  }): CreditRow[] {
    return this.#statements.epochCredits.all(page.epochId, page.after, page.limit).map(toCreditRow);
  }
}

const WORKER_COLUMNS = `
  w.*,
  (SELECT coalesce(sum(c.credited_units), 0) FROM credits c
    WHERE c.public_key = w.public_key AND c.epoch_id BETWEEN ? AND ?) AS window_units`;

const TALLY = `
  credited_units = credited_units + ?, accepted = accepted + ?, rejected = rejected + ?,
  missed = missed + ?, revoked = revoked + ?`;

const SQL = {
  standing: `SELECT ${STANDING_COLUMNS} FROM workers WHERE public_key = ?`,
  get: `SELECT ${WORKER_COLUMNS} FROM workers w WHERE w.public_key = ?`,
  list: `SELECT ${WORKER_COLUMNS} FROM workers w WHERE w.public_key > ? ORDER BY w.public_key LIMIT ?`,
  seen: `
    INSERT INTO workers (public_key, did, label, last_seen_at_ms, rate_window_at_ms, rate_count) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (public_key) DO UPDATE SET label = excluded.label,
      last_seen_at_ms = max(last_seen_at_ms, excluded.last_seen_at_ms),
      rate_window_at_ms = excluded.rate_window_at_ms, rate_count = excluded.rate_count`,
  register: `
    INSERT INTO workers (public_key, did, last_seen_at_ms) VALUES (?, ?, 0)
    ON CONFLICT (public_key) DO NOTHING`,
  tallyWorker: `UPDATE workers SET ${TALLY} WHERE public_key = ?`,
  // Not an upsert: SQLite checks the row to insert before it looks for the conflict, and a revocation's sums are negative.
  tallyEpoch: `UPDATE credits SET ${TALLY} WHERE public_key = ? AND epoch_id = ?`,
  insertEpoch: `
    INSERT INTO credits (credited_units, accepted, rejected, missed, revoked, public_key, epoch_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  acceptWorker: `
    UPDATE workers SET credited_units = credited_units + ?, streak_units = streak_units + ?,
      accepted = accepted + 1, miss_score = miss_score - miss_score / ${MISS_WINDOW},
      last_seen_at_ms = max(last_seen_at_ms, ?)
    WHERE public_key = ?`,
  acceptEpoch: `
    INSERT INTO credits (public_key, epoch_id, credited_units, accepted) VALUES (?, ?, ?, 1)
    ON CONFLICT (public_key, epoch_id) DO UPDATE SET
      credited_units = credited_units + excluded.credited_units, accepted = accepted + 1`,
  streak: `
    UPDATE workers SET streak_units = ?, miss_score = ?, last_seen_at_ms = max(last_seen_at_ms, ?)
    WHERE public_key = ?`,
  release: `
    UPDATE workers SET quarantined_until_epoch =
      CASE WHEN rejected > 0 AND quarantined_until_epoch IS NOT NULL THEN
        min(quarantined_until_epoch, (SELECT coalesce(max(epoch_id), 0) + 1 FROM epochs)) END
    WHERE public_key = ?`,
  quarantine: `
    UPDATE workers SET quarantined_until_epoch = max(coalesce(quarantined_until_epoch, 0), ?),
      probation_epochs = max(probation_epochs, ?)
    WHERE public_key = ?`,
  // isCleanEpoch, over all keys of the epoch at once.
  payCleanEpoch: `
    UPDATE workers SET probation_epochs = probation_epochs - 1
    WHERE probation_epochs > 0 AND coalesce(quarantined_until_epoch, 0) <= ?
      AND public_key IN (SELECT c.public_key FROM credits c
        WHERE c.epoch_id = ? AND c.accepted > 0 AND c.rejected = 0)`,
  epochUnits: 'SELECT credited_units FROM credits WHERE public_key = ? AND epoch_id = ?',
  epochCredits: `
    SELECT c.*, w.did FROM credits c JOIN workers w ON w.public_key = c.public_key
    WHERE c.epoch_id = ? AND c.public_key > ? ORDER BY c.public_key LIMIT ?`,
};

/** An id range no epoch is in, while nothing is sealed yet. */
function windowIds(view: WorkerView): { fromEpochId: number; toEpochId: number } {
  return view.topsWindow ?? { fromEpochId: 0, toEpochId: -1 };
}
