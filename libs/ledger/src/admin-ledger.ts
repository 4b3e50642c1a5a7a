import type { WorkerRecord } from './ledger-records.ts';

/** What an operator does to a key. `untilEpochId`: first epoch whose receipts are taken again. */
export type KeyAct =
  | { readonly kind: 'allow' | 'disallow' | 'release' }
  | { readonly kind: 'quarantine'; readonly untilEpochId: number };

export interface ActInput {
  /** 32 lower-case hex digits, new for every act: an act that is sent again under its id is recorded once. */
  readonly actId: string;
  readonly publicKeyHex: string;
  readonly act: KeyAct;
  /** Who, in the operator's words; at most ACTOR_CHARACTERS_MAX. */
  readonly actor: string;
  /** Why; at most REASON_CHARACTERS_MAX. */
  readonly reason: string;
  readonly atMs: number;
}

/** One line of the log of acts; never changed and never removed. */
export interface ActRecord extends ActInput {
  /** From 1, in the order the acts took effect; a number may be left out. */
  readonly sequence: number;
}

/** What is known of a key: its record, and whether it was allowed by an act. At least one of the two is there. */
export interface KeyRecord {
  readonly publicKeyHex: string;
  readonly worker?: WorkerRecord;
  /** Since when the key is on the list of keys allowed by an act. */
  readonly allowedAtMs?: number;
}

/** `allow_list_full`: the list already holds ALLOWED_KEYS_MAX other keys; nothing was recorded. */
export type ActResult =
  | { readonly kind: 'done'; readonly record: ActRecord; readonly key: KeyRecord }
  | { readonly kind: 'allow_list_full' };

/** The keys that acts allow. `keys` is left out when the list is still that of the version asked with. */
export interface AllowList {
  readonly version: number;
  readonly keys?: readonly string[];
}

export const ACTOR_CHARACTERS_MAX = 100;
export const REASON_CHARACTERS_MAX = 500;
/** As many as VERIFY_PUBKEY may name: every verifier keeps them in memory. */
export const ALLOWED_KEYS_MAX = 10_000;

/** What operators do to keys, and what is recorded of it: a part of LedgerStore. */
export interface AdminLedger {
  /**
   * Does something to a key, and records who did it and why, in one transaction.
   *
   * - `allow`, `disallow`: puts the key on the list of allowed keys, or takes it off.
   * - `quarantine`: refuses the key's receipts of epochs before `untilEpochId`. Never shortens a quarantine; says nothing of
   *   receipts that are recorded already. A key never seen gets a record by it.
   * - `release`: ends the key's quarantine; one of a key that was caught with the latest opened epoch, so that no epoch holds
   *   credit of the key beside a rejection, and not the probation after it.
   */
  recordAct(input: ActInput): Promise<ActResult>;
  /** Newest first; `before` is an exclusive cursor: the lowest sequence of the page before. */
  listActs(page: { readonly before?: number; readonly limit: number }): Promise<ActRecord[]>;
  /** Every key with a record or on the list of allowed keys, ordered by key; `after` is an exclusive cursor. */
  listKeys(page: { readonly after?: string; readonly limit: number }): Promise<KeyRecord[]>;
  /** @param knownVersion - of the list the caller has. */
  allowList(knownVersion?: number): Promise<AllowList>;
}
