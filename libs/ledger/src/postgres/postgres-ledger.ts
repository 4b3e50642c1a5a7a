import { randomUUID } from 'node:crypto';
import { LedgerError } from '../ledger-error.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { TOPS_EPOCHS_DEFAULT } from '../verified-tops.ts';
import { parseDatabaseUrl } from './database-address.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { migrate, MIGRATION_TIMEOUT_MS } from './migrations.ts';
import { PostgresLedgerStore, type PostgresLedgerDependencies } from './postgres-ledger-store.ts';

/** How the PostgreSQL ledger is opened. */
export interface PostgresLedgerOptions {
  /** postgres://user:password@host:port/database?sslmode=…; secret. See parseDatabaseUrl. */
  readonly url: string;
  /** File of the certificate authorities (PEM) to trust, when the URL names none. */
  readonly caFile?: string;
  /** Schema that holds the tables, made when absent; `tops` by default. */
  readonly schema?: string;
  /** Connections held at most, 4 or more; 10 by default. Three of them write. */
  readonly poolSize?: number;
  /** 5000 by default. */
  readonly connectTimeoutMs?: number;
  /** Longest a statement may run; 15 000 by default. */
  readonly statementTimeoutMs?: number;
  /** How long a call is tried again while the server is away; 10 000 by default. */
  readonly retryMs?: number;
  /** Sealed epochs verified TOPS look back over; TOPS_EPOCHS_DEFAULT when absent. */
  readonly topsEpochs?: number;
  /** Commits, and as many verdicts, that may wait for the database before `overloaded`; 4096 by default. */
  readonly queueLimit?: number;
}

/** A lock is held for the length of a batch: who waits longer waits for something that is stuck. */
const LOCK_TIMEOUT_MS = 5_000;

/**
 * Opens the ledger on PostgreSQL 12 or later: migrates the schema under an advisory lock, then commits in batches. Any number of
 * replicas may open one database.
 *
 * @throws LedgerError `input_invalid` for options that cannot be, `connection_lost` when the database cannot be reached,
 * `schema_unknown`, `io` for whatever else it answers: a password it refuses, a database it does not have.
 */
export async function openPostgresLedger(
  options: PostgresLedgerOptions,
  dependencies: PostgresLedgerDependencies,
): Promise<LedgerStore> {
  const databaseOptions = toDatabaseOptions(options);
  await migrateAndCheck(databaseOptions);
  const database = new Database(databaseOptions);
  const store = new PostgresLedgerStore(
    {
      topsEpochs: options.topsEpochs ?? TOPS_EPOCHS_DEFAULT,
      queueLimit: options.queueLimit ?? 4_096,
      replicaId: randomUUID(),
    },
    { ...dependencies, database },
  );
  try {
    await store.compareClocks();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function toDatabaseOptions(options: PostgresLedgerOptions): DatabaseOptions {
  const schema = options.schema ?? 'tops';
  const parsed = parseDatabaseUrl(options.url);
  if (!parsed.ok) {
    throw new LedgerError('input_invalid', `the database URL: expected ${parsed.expected}`);
  }
  // Lower-case and without a quote: as it stands in every statement. pg_ is the server's own.
  if (!/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new LedgerError('input_invalid', `expected the name of a schema, got ${schema}`);
  }
  const caFile = parsed.address.caFile ?? options.caFile;
  return {
    address: { ...parsed.address, caFile },
    schema,
    poolSize: options.poolSize ?? 10,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 15_000,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    retryMs: options.retryMs ?? 10_000,
  };
}

/** On connections of its own: a migration may take longer than anything else is allowed to. */
async function migrateAndCheck(options: DatabaseOptions): Promise<void> {
  const database = new Database({
    ...options,
    poolSize: 1,
    statementTimeoutMs: MIGRATION_TIMEOUT_MS,
    lockTimeoutMs: MIGRATION_TIMEOUT_MS,
  });
  try {
    await requireDurable(database);
    await migrate(database);
  } catch (error) {
    throw explained(error, options);
  } finally {
    await database.close();
  }
}

/** At the start it is a person who reads this: which database, and what to do. */
function explained(error: unknown, { address }: DatabaseOptions): unknown {
  if (!(error instanceof LedgerError) || error.code === 'schema_unknown') return error;
  const hint = error.message.includes('does not support SSL')
    ? '; where the network to it is trusted, add sslmode=disable to the address'
    : '';
  const place = `the database ${address.database} at ${address.host}:${address.port}`;
  return new LedgerError(error.code, `${place}: ${error.message}${hint}`, { cause: error.cause });
}

/** Refuses a server whose commits may not be on the disk when they return. */
async function requireDurable(database: Database): Promise<void> {
  const fsync = await database.read(async (session) => {
    const [row] = await session.query(`SELECT current_setting('fsync') AS fsync`);
    return row?.text('fsync');
  });
  if (fsync !== 'on') {
    throw new LedgerError('io', `expected a server with fsync=on, got ${fsync}`);
  }
}
