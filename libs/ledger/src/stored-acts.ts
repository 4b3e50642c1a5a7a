import { bytesToHex } from '@tops/crypto';
import type { ActRecord, KeyAct, KeyRecord } from './admin-ledger.ts';
import type { WorkerRecord } from './ledger-records.ts';
import type { Row } from './stored-row.ts';

// What a row of the acts' tables means. Both adapters name their columns alike.

/** A key on the list of allowed keys. */
export interface AllowedKey {
  readonly publicKeyHex: string;
  readonly allowedAtMs: number;
}

export function toActRecord(row: Row): ActRecord {
  // The schema's CHECK keeps the column to these words.
  const kind = row.text('act') as KeyAct['kind'];
  return {
    sequence: row.integer('seq'),
    actId: bytesToHex(row.blob('act_id')),
    atMs: row.integer('at_ms'),
    actor: row.text('actor'),
    reason: row.text('reason'),
    publicKeyHex: bytesToHex(row.blob('public_key')),
    act: kind === 'quarantine' ? { kind, untilEpochId: row.integer('until_epoch_id') } : { kind },
  };
}

export function toAllowedKey(row: Row): AllowedKey {
  return {
    publicKeyHex: bytesToHex(row.blob('public_key')),
    allowedAtMs: row.integer('allowed_at_ms'),
  };
}

/**
 * The first keys of both lists together. Each list is ordered by key and holds its first `limit`: what it leaves out comes
 * after the page.
 */
export function mergeKeys(
  workers: readonly WorkerRecord[],
  allowed: readonly AllowedKey[],
  limit: number,
): KeyRecord[] {
  const keys = new Map<string, KeyRecord>(
    workers.map((worker) => [worker.publicKeyHex, { publicKeyHex: worker.publicKeyHex, worker }]),
  );
  for (const { publicKeyHex, allowedAtMs } of allowed) {
    keys.set(publicKeyHex, { publicKeyHex, ...keys.get(publicKeyHex), allowedAtMs });
  }
  return [...keys.values()]
    .sort((left, right) => (left.publicKeyHex < right.publicKeyHex ? -1 : 1))
    .slice(0, limit);
}
