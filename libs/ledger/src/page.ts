import { hexToBytes, isHex } from '@tops/crypto';
import { PAGE_LIMIT_MAX } from './ledger-store.ts';

/** What a page may hold of the `limit` asked for. */
export function pageLimit(limit: number): number {
  return Math.min(Math.max(Math.floor(limit), 0), PAGE_LIMIT_MAX);
}

/** The exclusive lower bound of a page of keys: no bytes at all sort before every key. */
export function keyCursor(after: string | undefined): Uint8Array {
  return after !== undefined && isHex(after, 32) ? hexToBytes(after) : new Uint8Array(0);
}
