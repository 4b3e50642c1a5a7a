import { join } from 'node:path';
import { openPostgresLedger, openSqliteLedger } from '@tops/ledger';
import Database from 'libsql';
import { Client } from 'pg';

/** A ledger long in use: so many receipts of so many keys, spread evenly over sealed epochs. */
export interface LedgerSize {
  readonly receiptCount: number;
  readonly keyCount: number;
  readonly epochCount: number;
}

const EPOCH_MS = 60_000;
/** 2·4096·64·128 ops. */
const UNITS = 128;
const ROWS_JSON = JSON.stringify(Array.from({ length: 16 }, (_, row) => row * 7));
/** As long as a real one. */
const RECEIPT_JSON = JSON.stringify({
  kernel_ver: 'gemm_int8_relu_q_v2',
  device_did: 'bench',
  public_key_hex: '00'.repeat(32),
  epoch_id: 1,
  prev_hash_hex: '00'.repeat(32),
  nonce: 1,
  sizes: { m: 4096, n: 64, k: 64 },
  work_root_hex: '00'.repeat(32),
  time_ms: 1,
  driver_hint: 'bench',
  sig_hex: '00'.repeat(64),
});

/** What the two databases say differently. */
interface Dialect {
  /** 32 distinct bytes of an integer expression, in no order. */
  readonly bytesOf: (expression: string) => string;
  readonly randomBytes: (length: 32 | 64) => string;
  /** A table `n (i)` from 1 to the count, for a FROM clause. */
  readonly numbers: (count: number) => string;
  readonly no: string;
}

const sqlite: Dialect = {
  bytesOf: (expression) =>
    `CAST(printf('%032d', (${expression}) * 2654435761 % 4294967296) AS BLOB)`,
  randomBytes: (length) => `randomblob(${length})`,
  numbers: (count) =>
    `(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i FROM n) AS n`,
  no: '0',
};

const postgres: Dialect = {
  bytesOf: (expression) =>
    `convert_to(lpad(((${expression}) * 2654435761 % 4294967296)::text, 32, '0'), 'UTF8')`,
  randomBytes: (length) =>
    length === 32
      ? 'sha256(convert_to(random()::text || i::text, $$UTF8$$))'
      : 'sha512(convert_to(random()::text || i::text, $$UTF8$$))',
  numbers: (count) => `generate_series(1::bigint, ${count}) AS n (i)`,
  no: 'false',
};

/** The columns of schema 1; later ones have defaults, or the benchmark has to learn of them. */
function statements(
  { receiptCount, keyCount, epochCount }: LedgerSize,
  dialect: Dialect,
): readonly string[] {
  const { bytesOf, randomBytes, numbers, no } = dialect;
  const perEpoch = Math.ceil(receiptCount / epochCount);
  const epochOf = `1 + (i - 1) / ${perEpoch}`;
  const key = bytesOf(`1 + i % ${keyCount}`);
  return [
    `INSERT INTO epochs (epoch_id, prev_hash, entropy, opens_at_ms, closes_at_ms, takes_receipts, head,
        ledger_root, entry_count)
      SELECT i, ${randomBytes(32)}, ${randomBytes(32)}, i * ${EPOCH_MS}, (i + 1) * ${EPOCH_MS}, ${no},
        ${randomBytes(32)}, ${randomBytes(32)}, ${perEpoch} FROM ${numbers(epochCount)}`,
    `INSERT INTO workers (public_key, did, label, last_seen_at_ms)
      SELECT ${key}, 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK', 'bench', 1
      FROM ${numbers(keyCount)}`,
    `INSERT INTO receipts (receipt_id, epoch_id, public_key, nonce, units, receipt_json, rows_json,
        deadline_at_ms, challenge_sig, received_at_ms, outcome, settled_at_ms)
      SELECT ${randomBytes(32)}, ${epochOf}, ${key}, i, ${UNITS}, '${RECEIPT_JSON}', '${ROWS_JSON}', 2,
        ${randomBytes(64)}, 1, 'accepted', 2 FROM ${numbers(receiptCount)}`,
    `INSERT INTO credits (public_key, epoch_id, credited_units, accepted)
      SELECT public_key, epoch_id, sum(units), count(*) FROM receipts GROUP BY public_key, epoch_id`,
    `UPDATE workers SET
      credited_units = (SELECT sum(credited_units) FROM credits c WHERE c.public_key = workers.public_key),
      streak_units = (SELECT sum(credited_units) FROM credits c WHERE c.public_key = workers.public_key),
      accepted = (SELECT sum(accepted) FROM credits c WHERE c.public_key = workers.public_key)`,
  ];
}

/** Makes the embedded ledger and fills it, past the port: by SQL, in one transaction, in a minute or so for a million. */
export async function fillSqlite(dataDir: string, size: LedgerSize): Promise<void> {
  await (await openSqliteLedger({ dataDir })).close();
  const database = new Database(join(dataDir, 'ledger.sqlite'));
  try {
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN');
    for (const statement of statements(size, sqlite)) database.exec(statement);
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

/** The same in a schema of a PostgreSQL database. `url` has to be a superuser's: it goes past the foreign keys. */
export async function fillPostgres(
  place: { readonly url: string; readonly schema: string },
  size: LedgerSize,
): Promise<void> {
  await (await openPostgresLedger(place, { nowMs: Date.now })).close();
  const client = new Client({ connectionString: place.url });
  await client.connect();
  try {
    await client.query(`SET search_path TO ${place.schema}; SET session_replication_role = replica;
      SET synchronous_commit = off`);
    for (const statement of statements(size, postgres)) await client.query(statement);
    // As autovacuum leaves it, a minute after such a load.
    for (const table of ['epochs', 'workers', 'receipts', 'credits']) {
      await client.query(`VACUUM ANALYZE ${table}`);
    }
  } finally {
    await client.end();
  }
}
