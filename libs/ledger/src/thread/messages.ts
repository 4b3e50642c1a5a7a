import type { ArchiveStore } from '../archive-store.ts';
import type { LedgerErrorCode } from '../ledger-error.ts';
import type { LedgerStore } from '../ledger-store.ts';
import type { SqliteLedgerOptions } from '../sqlite/sqlite-ledger.ts';

/** What the ledger's thread is started with. */
export interface LedgerThreadData {
  readonly options: SqliteLedgerOptions;
  /** A file's URL: packages are looked up from there, because a thread made from text lies nowhere. */
  readonly resolveFrom: string;
}

export type LedgerMethod = Exclude<keyof LedgerStore, 'archive' | 'close'>;
/** What takes a function stays on the caller's side. */
export type ArchiveMethod = Exclude<keyof ArchiveStore, 'exclusively'>;

/** One call on its way to the thread. */
export interface LedgerCall {
  readonly id: number;
  readonly method: LedgerMethod | `archive.${ArchiveMethod}`;
  readonly args: readonly unknown[];
}

/** To the thread: the calls of one turn of the caller's event loop, or the last word. */
export type LedgerRequest =
  { readonly kind: 'calls'; readonly calls: readonly LedgerCall[] } | { readonly kind: 'close' };

/** An error as it crosses threads, where classes are lost; `code` only for a LedgerError. */
export interface FailureMessage {
  readonly code?: LedgerErrorCode;
  readonly message: string;
}

export type LedgerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: FailureMessage };

/** From the thread. */
export type LedgerEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'failed'; readonly failure: FailureMessage }
  | { readonly kind: 'replies'; readonly replies: readonly LedgerReply[] }
  | { readonly kind: 'closed' };
