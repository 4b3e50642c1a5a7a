import { LedgerError, type LedgerErrorCode } from '../ledger-error.ts';

const CODE_BY_PREFIX: readonly (readonly [prefix: string, code: LedgerErrorCode])[] = [
  ['SQLITE_FULL', 'disk_full'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_LOCKED', 'locked'],
  ['SQLITE_CORRUPT', 'corrupt'],
  ['SQLITE_NOTADB', 'corrupt'],
  ['SQLITE_READONLY', 'read_only'],
  ['SQLITE_PERM', 'read_only'],
  ['SQLITE_CONSTRAINT', 'input_invalid'],
  // Node's own, of making and asking for the directory.
  ['EACCES', 'read_only'],
  ['EPERM', 'read_only'],
  ['EROFS', 'read_only'],
  ['ENOSPC', 'disk_full'],
  ['EDQUOT', 'disk_full'],
];

/** Gives a storage failure its ledger code; a LedgerError passes through unchanged. */
export function toLedgerError(error: unknown, action: string): LedgerError {
  if (error instanceof LedgerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const sqliteCode =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const known = CODE_BY_PREFIX.find(([prefix]) => sqliteCode.startsWith(prefix));
  return new LedgerError(known?.[1] ?? 'io', `${action}: ${message}`, { cause: error });
}
