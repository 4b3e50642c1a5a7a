import { LedgerError } from '../ledger-error.ts';
import type { Database, Session } from './database.ts';

/** Chosen once, never changed: the advisory lock of this project's migrations. */
const MIGRATION_LOCK = 0x746f7073;
/** For the database that migrates: a step may rewrite tables, and another replica's may have to be waited for. */
export const MIGRATION_TIMEOUT_MS = 600_000;

/**
 * Append only: a released step never changes. The tables and columns are those of the embedded ledger. Keys and hashes are
 * raw bytes; units are nominal 2^19 ops, credited while the outcome is 'accepted'. `credits` sums per key and epoch what
 * `receipts` holds, so that no list reads the receipts. Rows that change often keep room in their page for the next version.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (
    key text PRIMARY KEY,
    value bigint NOT NULL
  );

  CREATE TABLE epochs (
    epoch_id bigint PRIMARY KEY,
    prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
    entropy bytea NOT NULL CHECK (octet_length(entropy) = 32),
    opens_at_ms bigint NOT NULL,
    closes_at_ms bigint NOT NULL CHECK (closes_at_ms > opens_at_ms),
    previous_epoch_id bigint REFERENCES epochs (epoch_id),
    sealed_at_opening_epoch_id bigint REFERENCES epochs (epoch_id),
    takes_receipts boolean NOT NULL DEFAULT true,
    head bytea CHECK (octet_length(head) = 32),
    ledger_root bytea CHECK (octet_length(ledger_root) = 32),
    entry_count bigint
  );
  CREATE INDEX epochs_unsealed ON epochs (epoch_id) WHERE head IS NULL;

  CREATE TABLE workers (
    public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 32),
    did text NOT NULL,
    label text,
    credited_units bigint NOT NULL DEFAULT 0 CHECK (credited_units >= 0),
    accepted bigint NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    rejected bigint NOT NULL DEFAULT 0,
    missed bigint NOT NULL DEFAULT 0,
    revoked bigint NOT NULL DEFAULT 0,
    streak_units bigint NOT NULL DEFAULT 0 CHECK (streak_units >= 0),
    quarantined_until_epoch bigint,
    last_seen_at_ms bigint NOT NULL
  ) WITH (fillfactor = 70);

  CREATE TABLE receipts (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receipt_id bytea NOT NULL UNIQUE CHECK (octet_length(receipt_id) = 32),
    epoch_id bigint NOT NULL REFERENCES epochs (epoch_id),
    public_key bytea NOT NULL REFERENCES workers (public_key),
    nonce bigint NOT NULL,
    units bigint NOT NULL CHECK (units > 0),
    receipt_json text NOT NULL,
    rows_json text NOT NULL,
    deadline_at_ms bigint NOT NULL,
    challenge_sig bytea NOT NULL CHECK (octet_length(challenge_sig) = 64),
    received_at_ms bigint NOT NULL,
    outcome text NOT NULL DEFAULT 'open'
      CHECK (outcome IN ('open', 'accepted', 'rejected', 'missed', 'revoked')),
    mismatch_row bigint,
    settled_at_ms bigint,
    UNIQUE (epoch_id, public_key, nonce)
  ) WITH (fillfactor = 90);
  CREATE INDEX receipts_in_epoch ON receipts (epoch_id, seq);
  CREATE INDEX receipts_open ON receipts (seq) INCLUDE (deadline_at_ms) WHERE outcome = 'open';
  CREATE INDEX receipts_open_by_key ON receipts (public_key, epoch_id) WHERE outcome = 'open';
  CREATE INDEX receipts_open_in_epoch ON receipts (epoch_id) WHERE outcome = 'open';

  CREATE TABLE evidence (
    receipt_id bytea PRIMARY KEY REFERENCES receipts (receipt_id),
    proof bytea NOT NULL
  );
  -- A proof is hashes: compressing it is work for nothing.
  ALTER TABLE evidence ALTER COLUMN proof SET STORAGE EXTERNAL;

  CREATE TABLE credits (
    public_key bytea NOT NULL REFERENCES workers (public_key),
    epoch_id bigint NOT NULL REFERENCES epochs (epoch_id),
    credited_units bigint NOT NULL DEFAULT 0 CHECK (credited_units >= 0),
    accepted bigint NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    rejected bigint NOT NULL DEFAULT 0,
    missed bigint NOT NULL DEFAULT 0,
    revoked bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (public_key, epoch_id)
  ) WITH (fillfactor = 70);
  CREATE INDEX credits_in_epoch ON credits (epoch_id, public_key);

  -- Who may hold answers that are not judged yet, and until when everything that reached it is known here.
  CREATE TABLE replicas (
    replica_id uuid PRIMARY KEY,
    swept_to_ms bigint NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    leased_receipts bytea[] NOT NULL,
    leased_arrivals_ms bigint[] NOT NULL
  ) WITH (fillfactor = 50);
  `,
  `
  ALTER TABLE workers
    ADD COLUMN rate_window_at_ms bigint NOT NULL DEFAULT 0,
    ADD COLUMN rate_count bigint NOT NULL DEFAULT 0;

  CREATE TABLE allowed_keys (
    public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 32),
    allowed_at_ms bigint NOT NULL
  );

  CREATE TABLE acts (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act_id bytea NOT NULL UNIQUE CHECK (octet_length(act_id) = 16),
    at_ms bigint NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    act text NOT NULL CHECK (act IN ('allow', 'disallow', 'quarantine', 'release')),
    until_epoch_id bigint CHECK ((act = 'quarantine') = (until_epoch_id IS NOT NULL))
  );
  -- Whoever may write the tables may still not rewrite this one; its owner would have to take the triggers off first.
  CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% of %: it is append-only', TG_OP, TG_TABLE_NAME; END
  $$;
  CREATE TRIGGER acts_keep_rows BEFORE UPDATE OR DELETE ON acts
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
  CREATE TRIGGER acts_keep_all BEFORE TRUNCATE ON acts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
  `,
  // Probation and the score of misses of a key; age and size of evidence, in an index that is read without the proofs. Keys
  // in quarantine by now owe the clean epochs of the default.
  `
  ALTER TABLE workers ADD COLUMN probation_epochs bigint NOT NULL DEFAULT 0 CHECK (probation_epochs >= 0);
  ALTER TABLE workers ADD COLUMN miss_score bigint NOT NULL DEFAULT 0
    CHECK (miss_score BETWEEN 0 AND 1048576);
  UPDATE workers SET probation_epochs = 10
    WHERE quarantined_until_epoch > (SELECT coalesce(max(epoch_id), 0) FROM epochs);

  ALTER TABLE evidence ADD COLUMN kept_at_ms bigint NOT NULL DEFAULT 0;
  ALTER TABLE evidence ADD COLUMN proof_bytes bigint NOT NULL DEFAULT 0;
  UPDATE evidence SET proof_bytes = octet_length(proof), kept_at_ms = coalesce(
    (SELECT r.settled_at_ms FROM receipts r WHERE r.receipt_id = evidence.receipt_id), 0);
  -- A replica of the release before names no time: what it keeps is new, not as old as can be.
  ALTER TABLE evidence ALTER COLUMN kept_at_ms
    SET DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;
  CREATE INDEX evidence_by_age ON evidence (kept_at_ms, receipt_id) INCLUDE (proof_bytes);
  `,
  `
  ALTER TABLE epochs ADD COLUMN head_sig bytea CHECK (octet_length(head_sig) = 64);
  ALTER TABLE epochs ADD COLUMN verifier_key bytea CHECK (octet_length(verifier_key) = 32);
  ALTER TABLE epochs ADD COLUMN signed_at_ms bigint;
  ALTER TABLE epochs ADD COLUMN archived_at_ms bigint;
  -- 1 once no receipt of the epoch is left here.
  ALTER TABLE epochs ADD COLUMN rolled bigint NOT NULL DEFAULT 0;
  CREATE INDEX epochs_unsigned ON epochs (epoch_id) WHERE head IS NOT NULL AND head_sig IS NULL;
  CREATE INDEX epochs_unrolled ON epochs (epoch_id) WHERE rolled = 0;

  -- Receipts that were rolled out, so that their ids are told from ids that never were.
  CREATE TABLE archived_receipts (
    receipt_id bytea PRIMARY KEY CHECK (octet_length(receipt_id) = 32),
    epoch_id bigint NOT NULL REFERENCES epochs (epoch_id)
  );
  `,
];

/** The version this code writes. */
export const POSTGRES_SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the schema to the current version, all steps in one transaction under an advisory lock: of several replicas that
 * start at once one migrates, the others wait and find it done. A failed step leaves nothing behind.
 *
 * @throws LedgerError `schema_unknown` for a newer version's schema, and for one that holds anything but a ledger.
 */
export async function migrate(database: Database): Promise<void> {
  const { schema } = database.options;
  const found = await database.read((session) => readVersion(session, schema));
  if (found === POSTGRES_SCHEMA_VERSION) return;
  await database.transaction(async (session) => {
    await session.query('SELECT pg_advisory_xact_lock($1::bigint)', MIGRATION_LOCK);
    const version = await readVersion(session, schema);
    if (version === 0) await createSchema(session, schema);
    for (const step of MIGRATIONS.slice(version)) await session.run(step);
    if (version < POSTGRES_SCHEMA_VERSION) {
      await session.run('UPDATE schema_version SET version = $1', POSTGRES_SCHEMA_VERSION);
    }
  });
}

/** CREATE SCHEMA needs a right on the database, which a role that was given a schema of its own lacks: only when it has to be. */
async function createSchema(session: Session, schema: string): Promise<void> {
  const [found] = await session.query('SELECT to_regnamespace($1)::text AS name', schema);
  if (found?.isNull('name') !== false) await session.run(`CREATE SCHEMA ${schema}`);
  await session.run('CREATE TABLE schema_version (version bigint NOT NULL)');
  await session.run('INSERT INTO schema_version VALUES (0)');
}

/** 0 for a schema that is not there, or empty. */
async function readVersion(session: Session, schema: string): Promise<number> {
  const [tables] = await session.query(
    `SELECT count(*) AS total, count(*) FILTER (WHERE tablename = 'schema_version') AS versions
      FROM pg_tables WHERE schemaname = $1`,
    schema,
  );
  if (tables === undefined || tables.integer('total') === 0) return 0;
  if (tables.integer('versions') === 0) {
    throw new LedgerError('schema_unknown', `the schema ${schema} holds tables of something else`);
  }
  const [row] = await session.query('SELECT max(version) AS version FROM schema_version');
  const version = row === undefined || row.isNull('version') ? 0 : row.integer('version');
  if (version < 1 || version > POSTGRES_SCHEMA_VERSION) {
    throw new LedgerError(
      'schema_unknown',
      `the ledger has schema ${version}, expected 1 to ${POSTGRES_SCHEMA_VERSION}: it was written by a newer version`,
    );
  }
  return version;
}
