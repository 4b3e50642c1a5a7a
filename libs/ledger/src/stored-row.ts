import { LedgerError } from './ledger-error.ts';

/** One result row of either adapter. Integers are bigint, so nothing beyond 2^53 is rounded on its way in. */
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
