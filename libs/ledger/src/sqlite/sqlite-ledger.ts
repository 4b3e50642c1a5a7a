import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LedgerError } from '../ledger-error.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { TOPS_EPOCHS_DEFAULT } from '../verified-tops.ts';
import { Connection } from './connection.ts';
import { lockDirectory } from './directory-lock.ts';
import { migrate } from './schema.ts';
import { toLedgerError } from './sqlite-error.ts';
import { SqliteLedgerStore } from './sqlite-ledger-store.ts';

/** How the embedded ledger is opened. */
export interface SqliteLedgerOptions {
  /** Directory of the ledger; made with mode 0700 when absent. */
  readonly dataDir: string;
  /** Sealed epochs verified TOPS look back over; TOPS_EPOCHS_DEFAULT when absent. */
  readonly topsEpochs?: number;
  /** Writes that may wait for the disk before `overloaded`; 4096 by default. */
  readonly queueLimit?: number;
  /** How long to wait for a predecessor that still holds the directory; 2000 by default. */
  readonly lockWaitMs?: number;
}

/** Above this a full structural check would hold up the start for too long; damage then shows on reading. */
const QUICK_CHECK_BYTES_MAX = 128 * 2 ** 20;

/**
 * Opens the embedded SQLite ledger: write-ahead log, synchronous=FULL, one process per directory, group commit.
 *
 * @throws LedgerError `locked`, `schema_unknown`, `corrupt`, `read_only`, `disk_full`, `io`.
 */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<LedgerStore> {
  const { dataDir } = options;
  const path = join(dataDir, 'ledger.sqlite');
  requireWritable(dataDir, path);
  try {
    const lock = await lockDirectory({ dataDir, waitMs: options.lockWaitMs ?? 2_000 });
    try {
      return openLocked(options, { path, lock });
    } catch (error) {
      lock.close();
      throw error;
    }
  } catch (error) {
    throw explained(error, dataDir);
  }
}

function openLocked(
  options: SqliteLedgerOptions,
  { path, lock }: { readonly path: string; readonly lock: Connection },
): LedgerStore {
  const connection = openDatabase(path);
  try {
    return new SqliteLedgerStore(
      {
        topsEpochs: options.topsEpochs ?? TOPS_EPOCHS_DEFAULT,
        queueLimit: options.queueLimit ?? 4_096,
      },
      { connection, lock },
    );
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** SQLite itself says "unable to open database file" for whatever is wrong with the directory. */
function requireWritable(dataDir: string, path: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw toLedgerError(error, 'expected a data directory that can be written to');
  }
}

/** At the start it is a person who reads this: which directory it was. */
function explained(error: unknown, dataDir: string): unknown {
  if (!(error instanceof LedgerError) || error.message.includes(dataDir)) return error;
  const message = `the ledger in ${dataDir}: ${error.message}`;
  return new LedgerError(error.code, message, { cause: error.cause });
}

/** Opens, sets up and checks the database file; exported for specs. */
export function openDatabase(path: string): Connection {
  const connection = new Connection(path, { busyTimeoutMs: 5_000 });
  try {
    if (connection.readText('PRAGMA journal_mode = WAL') !== 'wal') {
      throw new LedgerError('io', `${path}: the file system does not support a write-ahead log`);
    }
    // FULL: COMMIT returns after the log reached the disk, which is what an acknowledged receipt promises.
    connection.execute('PRAGMA synchronous = FULL');
    requireDurable(connection, path);
    connection.execute('PRAGMA foreign_keys = ON');
    connection.execute('PRAGMA cache_size = -32768');
    // Receipt ids are hashes and touch pages all over: a longer log folds more of their writes together.
    connection.readText('PRAGMA wal_autocheckpoint = 4000');
    connection.readText('PRAGMA journal_size_limit = 67108864');
    requireIntact(connection, path);
    migrate(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

const SYNCHRONOUS_FULL = '2';

/**
 * Refuses a connection whose commits may return before they are on the disk. Exported for specs.
 *
 * @throws LedgerError `io`.
 */
export function requireDurable(connection: Connection, path: string): void {
  const got = connection.readText('PRAGMA synchronous');
  if (got === SYNCHRONOUS_FULL) return;
  throw new LedgerError('io', `${path}: expected synchronous=${SYNCHRONOUS_FULL}, got ${got}`);
}

function requireIntact(connection: Connection, path: string): void {
  const sizeBytes =
    Number(connection.readText('PRAGMA page_count')) *
    Number(connection.readText('PRAGMA page_size'));
  if (sizeBytes > QUICK_CHECK_BYTES_MAX) return;
  const finding = connection.readText('PRAGMA quick_check(1)');
  if (finding !== 'ok') {
    throw new LedgerError('corrupt', `${path} is damaged (${finding}): restore it from a backup`);
  }
}
