import Database from 'libsql';
import { LedgerError } from '../ledger-error.ts';
import { Row } from '../stored-row.ts';
import { toLedgerError } from './sqlite-error.ts';

export { Row } from '../stored-row.ts';

export type SqlValue = number | bigint | string | Uint8Array | null;

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
