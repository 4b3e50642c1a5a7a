import Database from 'libsql';
import { LedgerError } from '../ledger-error.ts';
import { toLedgerError } from './sqlite-error.ts';

export type SqlValue = number | bigint | string | Uint8Array | null;

/** One result row. Integers are bigint, so nothing beyond 2^53 is rounded on its way in. */
export class Row {
  readonly #columns: Readonly<Record<string, unknown>>;

  constructor(columns: Readonly<Record<string, unknown>>) {
    this.#columns = columns;
  }

  /** A column the schema keeps within ±2^53. */
  integer(name: string): number {
    return Number(this.bigint(name));
  }

  bigint(name: string): bigint {
    const value = this.#columns[name];
    if (typeof value !== 'bigint') throw this.#unexpected(name, 'an integer');
    return value;
  }

  text(name: string): string {
    const value = this.#columns[name];
    if (typeof value !== 'string') throw this.#unexpected(name, 'text');
    return value;
  }

  /** A copy the caller owns. */
  blob(name: string): Uint8Array {
    const value = this.#columns[name];
    // libsql gives a Buffer from get() and an ArrayBuffer from all().
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (value instanceof Uint8Array) return new Uint8Array(value);
    throw this.#unexpected(name, 'a blob');
  }

  isNull(name: string): boolean {
    return this.#columns[name] === null;
  }

  #unexpected(name: string, expected: string): LedgerError {
    const got = typeof this.#columns[name];
    return new LedgerError('corrupt', `column ${name}: expected ${expected}, got ${got}`);
  }
}

/** A prepared statement. */
export interface Statement {
  /** @returns the number of rows changed. */
  run(...values: SqlValue[]): number;
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
}

/** One libsql connection behind the few calls the ledger makes; every failure is a LedgerError. */
export class Connection {
  readonly #database: Database.Database;
  #open = true;

  /** @throws LedgerError `io` when the file cannot be opened. */
  constructor(path: string, options: { readonly busyTimeoutMs: number }) {
    try {
      this.#database = new Database(path, { timeout: options.busyTimeoutMs });
    } catch (error) {
      throw toLedgerError(error, `opening ${path}`);
    }
  }

  get inTransaction(): boolean {
    return this.#open && this.#database.inTransaction;
  }

  execute(sql: string): void {
    this.#guarded(sql, () => this.#database.exec(sql));
  }

  prepare(sql: string): Statement {
    const statement = this.#guarded(sql, () => this.#database.prepare(sql).safeIntegers(true));
    return {
      run: (...values) => this.#guarded(sql, () => statement.run(values).changes),
      get: (...values) =>
        this.#guarded(sql, () => {
          const columns = statement.get(values);
          return columns === undefined ? undefined : new Row(columns as Record<string, unknown>);
        }),
      all: (...values) =>
        this.#guarded(sql, () =>
          statement.all(values).map((columns) => new Row(columns as Record<string, unknown>)),
        ),
    };
  }

  /** The single value of a one-row result, as text. */
  readText(sql: string): string {
    return this.#guarded(sql, () => {
      const columns = this.#database.prepare(sql).safeIntegers(true).get([]);
      if (typeof columns !== 'object' || columns === null) return '';
      return String(Object.values(columns)[0]);
    });
  }

  /** Closing twice is harmless. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      // libsql closes the file only once its prepared statements are collected: the log is folded in by hand, so that the
      // database file alone is whole. When that fails (disk full) the next open replays the log.
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // See above: nothing is lost.
    }
    this.#database.close();
  }

  #guarded<T>(sql: string, action: () => T): T {
    if (!this.#open) throw new LedgerError('closed', 'the ledger is closed');
    try {
      return action();
    } catch (error) {
      throw toLedgerError(error, sql.trim().split(/\s+/, 3).join(' '));
    }
  }
}
