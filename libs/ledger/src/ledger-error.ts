/**
 * Why the ledger could not do what was asked. Callers branch on the code; the message is for a log line.
 *
 * - `locked`: another process holds this data directory.
 * - `overloaded`: the bounded write queue is full; try again later.
 * - `closed`: the store was closed.
 * - `epoch_regressed`: a later epoch was opened before.
 * - `epoch_unknown`, `epoch_sealed`: no such epoch was opened; it takes no receipts any more.
 * - `seal_out_of_order`: an older epoch is still unsealed.
 * - `receipts_open`: the epoch still has open challenges.
 * - `input_invalid`: an argument breaks the port's contract (a bug of the caller).
 * - `schema_unknown`: written by a newer version, or not a ledger at all.
 * - `disk_full`, `read_only`, `corrupt`, `io`: the storage below failed; nothing of the call was recorded.
 * - `connection_lost`: the database could not be reached, or went away before it answered. Only then is it not known whether
 *   the call was recorded; making it again is safe, and tells.
 */
export type LedgerErrorCode =
  | 'locked'
  | 'overloaded'
  | 'closed'
  | 'epoch_regressed'
  | 'epoch_unknown'
  | 'epoch_sealed'
  | 'seal_out_of_order'
  | 'receipts_open'
  | 'input_invalid'
  | 'schema_unknown'
  | 'disk_full'
  | 'read_only'
  | 'corrupt'
  | 'io'
  | 'connection_lost';

/** A call of the ledger that failed and, but for `connection_lost`, changed nothing; `cause` keeps the storage's own error. */
export class LedgerError extends Error {
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LedgerError';
    this.code = code;
  }
}
