import { LedgerError } from '../ledger-error.ts';
import type { Connection } from './connection.ts';

/** "tops" in ASCII, in the file header: tells a ledger from any other SQLite file. */
const APPLICATION_ID = 0x746f7073;

/**
 * Append only: a released step never changes. Keys and hashes are raw bytes; units are nominal 2^19 ops, credited while the
 * outcome is 'accepted'. `credits` sums per key and epoch what `receipts` holds, so that no list reads the receipts.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE epochs (
    epoch_id INTEGER PRIMARY KEY,
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    entropy BLOB NOT NULL CHECK (length(entropy) = 32),
    opens_at_ms INTEGER NOT NULL,
    closes_at_ms INTEGER NOT NULL CHECK (closes_at_ms > opens_at_ms),
    previous_epoch_id INTEGER REFERENCES epochs (epoch_id),
    sealed_at_opening_epoch_id INTEGER REFERENCES epochs (epoch_id),
    takes_receipts INTEGER NOT NULL DEFAULT 1,
    head BLOB CHECK (length(head) = 32),
    ledger_root BLOB CHECK (length(ledger_root) = 32),
    entry_count INTEGER
  ) STRICT;
  CREATE INDEX epochs_unsealed ON epochs (epoch_id) WHERE head IS NULL;

  CREATE TABLE workers (
    public_key BLOB PRIMARY KEY CHECK (length(public_key) = 32),
    did TEXT NOT NULL,
    label TEXT,
    credited_units INTEGER NOT NULL DEFAULT 0 CHECK (credited_units >= 0),
    accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    rejected INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER NOT NULL DEFAULT 0,
    streak_units INTEGER NOT NULL DEFAULT 0 CHECK (streak_units >= 0),
    quarantined_until_epoch INTEGER,
    last_seen_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE receipts (
    seq INTEGER PRIMARY KEY,
    receipt_id BLOB NOT NULL UNIQUE CHECK (length(receipt_id) = 32),
    epoch_id INTEGER NOT NULL REFERENCES epochs (epoch_id),
    public_key BLOB NOT NULL REFERENCES workers (public_key),
    nonce INTEGER NOT NULL,
    units INTEGER NOT NULL CHECK (units > 0),
    receipt_json TEXT NOT NULL,
    rows_json TEXT NOT NULL,
    deadline_at_ms INTEGER NOT NULL,
    challenge_sig BLOB NOT NULL CHECK (length(challenge_sig) = 64),
    received_at_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL DEFAULT 'open'
      CHECK (outcome IN ('open', 'accepted', 'rejected', 'missed', 'revoked')),
    mismatch_row INTEGER,
    settled_at_ms INTEGER,
    UNIQUE (epoch_id, public_key, nonce)
  ) STRICT;
  CREATE INDEX receipts_in_epoch ON receipts (epoch_id, seq);
  CREATE INDEX receipts_open ON receipts (seq, deadline_at_ms, epoch_id) WHERE outcome = 'open';
  CREATE INDEX receipts_open_by_key ON receipts (public_key) WHERE outcome = 'open';

  CREATE TABLE evidence (
    receipt_id BLOB PRIMARY KEY REFERENCES receipts (receipt_id),
    proof BLOB NOT NULL
  ) STRICT;

  CREATE TABLE credits (
    public_key BLOB NOT NULL REFERENCES workers (public_key),
    epoch_id INTEGER NOT NULL REFERENCES epochs (epoch_id),
    credited_units INTEGER NOT NULL DEFAULT 0 CHECK (credited_units >= 0),
    accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    rejected INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (public_key, epoch_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX credits_in_epoch ON credits (epoch_id, public_key);
  `,
  `
  ALTER TABLE workers ADD COLUMN rate_window_at_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE workers ADD COLUMN rate_count INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE allowed_keys (
    public_key BLOB PRIMARY KEY CHECK (length(public_key) = 32),
    allowed_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE acts (
    seq INTEGER PRIMARY KEY,
    act_id BLOB NOT NULL UNIQUE CHECK (length(act_id) = 16),
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor <> ''),
    reason TEXT NOT NULL CHECK (reason <> ''),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    act TEXT NOT NULL CHECK (act IN ('allow', 'disallow', 'quarantine', 'release')),
    until_epoch_id INTEGER CHECK ((act = 'quarantine') = (until_epoch_id IS NOT NULL))
  ) STRICT;
  CREATE TRIGGER acts_keep_on_update BEFORE UPDATE ON acts
    BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
  CREATE TRIGGER acts_keep_on_delete BEFORE DELETE ON acts
    BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
  -- INSERT OR REPLACE deletes without the trigger above.
  CREATE TRIGGER acts_keep_on_replace BEFORE INSERT ON acts
    WHEN EXISTS (SELECT 1 FROM acts WHERE seq = NEW.seq OR act_id = NEW.act_id)
    BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
  `,
  // Probation and the score of misses of a key; age and size of evidence, in an index that is read without the proofs. Keys
  // in quarantine by now owe the clean epochs of the default.
  `
  ALTER TABLE workers ADD COLUMN probation_epochs INTEGER NOT NULL DEFAULT 0 CHECK (probation_epochs >= 0);
  ALTER TABLE workers ADD COLUMN miss_score INTEGER NOT NULL DEFAULT 0
    CHECK (miss_score BETWEEN 0 AND 1048576);
  UPDATE workers SET probation_epochs = 10
    WHERE quarantined_until_epoch > (SELECT coalesce(max(epoch_id), 0) FROM epochs);

  ALTER TABLE evidence ADD COLUMN kept_at_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE evidence ADD COLUMN proof_bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE evidence SET proof_bytes = length(proof), kept_at_ms = coalesce(
    (SELECT r.settled_at_ms FROM receipts r WHERE r.receipt_id = evidence.receipt_id), 0);
  CREATE INDEX evidence_by_age ON evidence (kept_at_ms, receipt_id, proof_bytes);
  `,
  `
  ALTER TABLE epochs ADD COLUMN head_sig BLOB CHECK (length(head_sig) = 64);
  ALTER TABLE epochs ADD COLUMN verifier_key BLOB CHECK (length(verifier_key) = 32);
  ALTER TABLE epochs ADD COLUMN signed_at_ms INTEGER;
  ALTER TABLE epochs ADD COLUMN archived_at_ms INTEGER;
  -- 1 once no receipt of the epoch is left here.
  ALTER TABLE epochs ADD COLUMN rolled INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX epochs_unsigned ON epochs (epoch_id) WHERE head IS NOT NULL AND head_sig IS NULL;
  CREATE INDEX epochs_unrolled ON epochs (epoch_id) WHERE rolled = 0;

  -- Receipts that were rolled out, so that their ids are told from ids that never were.
  CREATE TABLE archived_receipts (
    receipt_id BLOB PRIMARY KEY CHECK (length(receipt_id) = 32),
    epoch_id INTEGER NOT NULL REFERENCES epochs (epoch_id)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** The version this code writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a database to the current schema, each step in its own transaction.
 *
 * @throws LedgerError `schema_unknown` for a newer version's database and for a SQLite file that is no ledger.
 */
export function migrate(connection: Connection): void {
  const tableCount = Number(connection.readText('SELECT count(*) FROM sqlite_schema'));
  const applicationId = Number(connection.readText('PRAGMA application_id'));
  if (tableCount > 0 && applicationId !== APPLICATION_ID) {
    throw new LedgerError('schema_unknown', 'the database file is not a ledger');
  }
  let version = tableCount === 0 ? 0 : readVersion(connection);
  if (version > SCHEMA_VERSION) {
    throw new LedgerError(
      'schema_unknown',
      `the ledger has schema ${version}, expected at most ${SCHEMA_VERSION}: it was written by a newer version`,
    );
  }
  for (const step of MIGRATIONS.slice(version)) {
    version++;
    try {
      applyStep(connection, { step, version });
    } catch (error) {
      // Closing the connection would end the transaction only once libsql's statements are collected.
      if (connection.inTransaction) connection.execute('ROLLBACK');
      throw error;
    }
  }
}

function applyStep(
  connection: Connection,
  { step, version }: { readonly step: string; readonly version: number },
): void {
  connection.execute('BEGIN IMMEDIATE');
  if (version === 1) {
    connection.execute(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.execute(
      'CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT; INSERT INTO schema_version VALUES (0)',
    );
  }
  connection.execute(step);
  connection.execute(`UPDATE schema_version SET version = ${version}`);
  connection.execute('COMMIT');
}

function readVersion(connection: Connection): number {
  return Number(connection.readText('SELECT max(version) FROM schema_version'));
}
