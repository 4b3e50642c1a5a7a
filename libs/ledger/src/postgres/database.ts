import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, types as defaultTypes, type PoolClient, type PoolConfig } from 'pg';
import { LedgerError } from '../ledger-error.ts';
import { Row } from '../stored-row.ts';
import { tlsOptions, type DatabaseAddress } from './database-address.ts';
import { toFailure } from './postgres-error.ts';

export type SqlValue =
  | number
  | bigint
  | string
  | Uint8Array
  | null
  | readonly (number | bigint | string | Uint8Array | null)[];

/** One connection, inside a transaction or for a single read. */
export interface Session {
  query(sql: string, ...values: SqlValue[]): Promise<Row[]>;
  /** @returns the number of rows changed. */
  run(sql: string, ...values: SqlValue[]): Promise<number>;
}

export interface DatabaseOptions {
  readonly address: DatabaseAddress;
  /** Holds every table of the ledger; lower-case letters, digits, underscores. */
  readonly schema: string;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** How long a call is tried again while the server is away; the whole call, connecting included. */
  readonly retryMs: number;
}

/** Connections that only write: batches of commits, batches of verdicts, and everything else that writes. */
const WRITE_CONNECTIONS = 3;
/** Calls that may wait for a connection that reads. */
const WAITING_READS_MAX = 1_024;
const IDLE_CONNECTION_MS = 30_000;
const CONNECTION_LIFETIME_SECONDS = 1_800;
/** Beyond the server's own timeout: what a connection gets to say so before it is given up as dead. */
const SILENCE_MS = 5_000;
const CONFLICT_DELAYS_MS = [5, 20, 50, 100, 200, 400];
/** The last one again and again, until the call's time is over. */
const CONNECTION_DELAYS_MS = [50, 100, 200, 400, 800, 1_000];

const OID_BIGINT = 20;

/** Bounded connections to one PostgreSQL database: transactions, reads, and what is tried again. Every failure is a LedgerError. */
export class Database {
  readonly options: DatabaseOptions;
  readonly #writers: Pool;
  readonly #readers: Pool;
  /** For a lock that is held over many calls: it must not take a connection from those. */
  readonly #holder: Pool;
  #closed = false;

  constructor(options: DatabaseOptions) {
    this.options = options;
    const readers = Math.max(options.poolSize - WRITE_CONNECTIONS, 1);
    this.#writers = makePool(options, WRITE_CONNECTIONS);
    this.#readers = makePool(options, readers);
    this.#holder = makePool(options, 1);
  }

  /** Takes nothing more; what runs may finish. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#writers.end(), this.#readers.end(), this.#holder.end()]);
  }

  /** Runs `action` on a connection of its own. It must only read: it is run again when the connection breaks. */
  read<T>(action: (session: Session) => Promise<T>): Promise<T> {
    return this.#retrying('read', () => {
      if (this.#readers.waitingCount >= WAITING_READS_MAX) {
        throw new LedgerError(
          'overloaded',
          `${WAITING_READS_MAX} reads are waiting for a connection, no more are taken`,
        );
      }
      return withClient(this.#readers, (client) => action(sessionOf(client)));
    });
  }

  /**
   * Runs `action` in a READ COMMITTED transaction and commits it. When the transaction loses against another one, or the
   * connection breaks, all of it is run again, even if the COMMIT itself may have arrived: so `action` has to find out
   * what is recorded already and leave that as it is.
   *
   * @throws LedgerError of `action`, or of the database; nothing was recorded, but for `connection_lost`.
   */
  transaction<T>(action: (session: Session) => Promise<T>): Promise<T> {
    return this.#retrying('transaction', () =>
      withClient(this.#writers, async (client) => {
        await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
        try {
          const result = await action(sessionOf(client));
          const { command } = await client.query('COMMIT');
          // A transaction that failed before answers COMMIT with ROLLBACK.
          if (command !== 'COMMIT') throw new LedgerError('io', `expected COMMIT, got ${command}`);
          return result;
        } catch (error) {
          await client.query('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    );
  }

  /**
   * Runs `action` while this replica alone holds an advisory lock of the schema; undefined when another does. Nothing is run
   * again. When the connection that holds the lock breaks, another replica may take it while `action` still runs.
   */
  async exclusively<T>(lock: number, action: () => Promise<T>): Promise<T | undefined> {
    if (this.#closed) throw new LedgerError('closed', 'the ledger is closed');
    if (this.#holder.totalCount > this.#holder.idleCount) return undefined;
    const name = 'hashtext(current_schema())';
    try {
      return await withClient(this.#holder, async (client) => {
        const session = sessionOf(client);
        const sql = `SELECT pg_try_advisory_lock($1::integer, ${name})::integer::bigint AS taken`;
        const [row] = await session.query(sql, lock);
        if (row?.integer('taken') !== 1) return undefined;
        try {
          return await action();
        } finally {
          // A connection that broke has let go by itself.
          await session
            .run(`SELECT pg_advisory_unlock($1::integer, ${name})`, lock)
            .catch(() => undefined);
        }
      });
    } catch (error) {
      throw toFailure(error, 'lock').error;
    }
  }

  async #retrying<T>(action: string, attempt: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const failures = { conflict: 0, connection: 0 };
    for (;;) {
      if (this.#closed) throw new LedgerError('closed', 'the ledger is closed');
      try {
        return await attempt();
      } catch (error) {
        const { error: ledgerError, passing } = toFailure(error, action);
        if (passing === undefined) throw ledgerError;
        const delayMs = delayAfter(passing, failures[passing]++);
        const elapsedMs = performance.now() - startedAt;
        if (delayMs === undefined || elapsedMs + delayMs > this.options.retryMs) throw ledgerError;
        // Replicas that lost against each other must not meet again at the same moment.
        await sleep(delayMs * (0.5 + Math.random() / 2));
      }
    }
  }
}

/** In a transaction: one row, so that a server that takes no writes shows. */
export async function writeProbe(session: Session): Promise<void> {
  await session.run(
    `INSERT INTO meta (key, value) VALUES ('probe', 1)
    ON CONFLICT (key) DO UPDATE SET value = meta.value + 1`,
  );
}

function delayAfter(passing: 'conflict' | 'connection', failureCount: number): number | undefined {
  if (passing === 'conflict') return CONFLICT_DELAYS_MS[failureCount];
  return CONNECTION_DELAYS_MS[failureCount] ?? CONNECTION_DELAYS_MS.at(-1);
}

function makePool(options: DatabaseOptions, max: number): Pool {
  const { address } = options;
  const config: PoolConfig = {
    ...{ host: address.host, port: address.port, user: address.user, database: address.database },
    ...(address.password === undefined ? {} : { password: address.password }),
    ssl: tlsOptions(address),
    application_name: 'tops-verifier',
    max,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    maxLifetimeSeconds: CONNECTION_LIFETIME_SECONDS,
    query_timeout: options.statementTimeoutMs + SILENCE_MS,
    keepAlive: true,
    allowExitOnIdle: true,
    types: { getTypeParser },
    onConnect: (client) => prepareSession(client, options),
  };
  const pool = new Pool(config);
  // An idle connection that breaks is replaced by the next call that needs one.
  pool.on('error', () => undefined);
  return pool;
}

/** What every session relies on, whatever the server, the database or the role were set to. */
async function prepareSession(
  client: { query(sql: string): Promise<unknown> },
  options: DatabaseOptions,
) {
  // A connection that breaks while it is lent says so to the query in progress; the event must not end the process.
  (client as PoolClient).on('error', () => undefined);
  const { schema, statementTimeoutMs, lockTimeoutMs } = options;
  await client.query(`
    SET search_path TO ${schema};
    SET statement_timeout TO ${statementTimeoutMs};
    SET lock_timeout TO ${lockTimeoutMs};
    SET idle_in_transaction_session_timeout TO ${statementTimeoutMs};
    SET default_transaction_read_only TO off;
    SELECT set_config('synchronous_commit', 'on', false)
      WHERE current_setting('synchronous_commit') = 'off';
  `);
}

async function withClient<T>(pool: Pool, action: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await acquire(pool);
  let broken = false;
  try {
    return await action(client);
  } catch (error) {
    broken = toFailure(error, '').passing === 'connection';
    throw error;
  } finally {
    client.release(broken);
  }
}

async function acquire(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') {
      throw new LedgerError('overloaded', 'every connection to the database is in use', {
        cause: error,
      });
    }
    throw error;
  }
}

function sessionOf(client: PoolClient): Session {
  const send = async (sql: string, values: readonly SqlValue[]) =>
    client.query<Record<string, unknown>>(sql, [...values]);
  return {
    query: async (sql, ...values) => {
      const { rows } = await send(sql, values);
      return rows.map((columns) => new Row(columns));
    },
    run: async (sql, ...values) => (await send(sql, values)).rowCount ?? 0,
  };
}

/** Integers as bigint, so nothing beyond 2^53 is rounded on its way in; bytea and text as they come. */
function getTypeParser(oid: number, format?: string): (value: string) => unknown {
  if (oid === OID_BIGINT && format !== 'binary') return (value) => BigInt(value);
  return defaultTypes.getTypeParser(oid, 'text') as (value: string) => unknown;
}
