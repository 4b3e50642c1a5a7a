import { LedgerError, type LedgerErrorCode } from '../ledger-error.ts';

/** What may be done about a failure of the database. */
export interface Failure {
  readonly error: LedgerError;
  /**
   * `conflict`: rolled back in favour of another transaction; `connection`: the server went away or is not the one that
   * writes (any more), on a connection that is to be thrown away. Both may pass.
   */
  readonly passing: 'conflict' | 'connection' | undefined;
}

type Passing = Failure['passing'];

/** SQLSTATE, or a class of them (two characters). https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_SQLSTATE: Readonly<Record<string, readonly [LedgerErrorCode, Passing]>> = {
  '40001': ['overloaded', 'conflict'],
  '40P01': ['overloaded', 'conflict'],
  '55P03': ['overloaded', 'conflict'],
  '57014': ['overloaded', undefined],
  '25006': ['read_only', 'connection'],
  '25P03': ['connection_lost', 'connection'],
  '53300': ['overloaded', 'connection'],
  '53100': ['disk_full', undefined],
  '53': ['overloaded', undefined],
  '57P': ['connection_lost', 'connection'],
  '08': ['connection_lost', 'connection'],
  '22': ['input_invalid', undefined],
  '23': ['input_invalid', undefined],
  XX001: ['corrupt', undefined],
  XX002: ['corrupt', undefined],
};

/** Node's and pg's own words for a connection that cannot be had or that ended. */
const CONNECTION_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNABORTED'],
]);
const CONNECTION_MESSAGE =
  /connection terminated|connection error|not queryable|read timeout|timeout expired|cannot use a pool/i;

/** Gives a failure its ledger code, and says whether it may pass; a LedgerError passes through unchanged. */
export function toFailure(error: unknown, action: string): Failure {
  if (error instanceof LedgerError) return { error, passing: undefined };
  const [code, passing] = classify(error);
  const message = error instanceof Error ? error.message || error.name : String(error);
  return { error: new LedgerError(code, `${action}: ${message}`, { cause: error }), passing };
}

function classify(error: unknown): readonly [LedgerErrorCode, Passing] {
  const code = codeOf(error);
  const known = BY_SQLSTATE[code] ?? BY_SQLSTATE[code.slice(0, 3)] ?? BY_SQLSTATE[code.slice(0, 2)];
  // Codes of Node begin with E and have more letters than a SQLSTATE.
  if (known !== undefined && code.length === 5) return known;
  const message = error instanceof Error ? error.message : '';
  if (CONNECTION_CODES.has(code) || CONNECTION_MESSAGE.test(message)) {
    return ['connection_lost', 'connection'];
  }
  return ['io', undefined];
}

/** Of several addresses tried, the first says what went wrong. */
function codeOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : '';
}
