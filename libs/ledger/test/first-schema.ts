import { expect } from '@jest/globals';
import { bytesToHex } from '@tops/crypto';
import { CLEAN_EPOCHS_DEFAULT, type LedgerStore } from '../src/index.ts';
import { acceptOne, makeReceipt, openEpoch, publicKeyHexOf } from './ledger-fixtures.ts';

const caught = makeReceipt({ key: 1, epochId: 5, nonce: 1 });
/** When it was settled, unix milliseconds. */
const SETTLED_AT_MS = 5_000;
const PROOF_BYTES = 100;

/**
 * A ledger of the first schema, as SQL: a key that is in quarantine with its evidence, one whose quarantine is over, and one
 * that never was in any.
 *
 * @param blob - how the database spells bytes that are given in hex.
 */
export function firstSchemaRows(blob: (hex: string) => string): string {
  const worker = (key: number, until: string) =>
    `INSERT INTO workers (public_key, did, accepted, streak_units, quarantined_until_epoch, last_seen_at_ms)
    VALUES (${blob(publicKeyHexOf(key))}, 'did:key:z${key}', 20, 500, ${until}, 1);`;
  const zeroes = blob('00'.repeat(32));
  return `
    INSERT INTO epochs (epoch_id, prev_hash, entropy, opens_at_ms, closes_at_ms)
      VALUES (5, ${zeroes}, ${zeroes}, 300000, 360000);
    ${worker(1, '9')} ${worker(2, '3')} ${worker(3, 'NULL')}
    INSERT INTO receipts (receipt_id, epoch_id, public_key, nonce, units, receipt_json, rows_json, deadline_at_ms,
      challenge_sig, received_at_ms, outcome, mismatch_row, settled_at_ms)
      VALUES (${blob(caught.receiptId)}, 5, ${blob(publicKeyHexOf(1))}, 1, 128, '${JSON.stringify(caught.receipt)}', '[1,2]',
        9000, ${blob('ab'.repeat(64))}, 4000, 'rejected', 1, ${SETTLED_AT_MS});
    INSERT INTO evidence (receipt_id, proof)
      VALUES (${blob(caught.receiptId)}, ${blob('07'.repeat(PROOF_BYTES))});`;
}

/** What the steps after the first make of {@link firstSchemaRows}. */
export async function expectFirstSchemaMigrated(store: LedgerStore): Promise<void> {
  const workers = await Promise.all([1, 2, 3].map((key) => store.getWorker(publicKeyHexOf(key))));
  expect(workers).toMatchObject([
    { probationEpochs: CLEAN_EPOCHS_DEFAULT, state: 'quarantined', missScore: 0 },
    { probationEpochs: 0, state: 'active', streakUnits: 500n },
    { probationEpochs: 0, state: 'active', missScore: 0 },
  ]);
  const bounds = { keptSinceMs: SETTLED_AT_MS, maxBytes: PROOF_BYTES };
  expect(await store.pruneEvidence(bounds)).toEqual({
    ...{ deletedCount: 0, keptCount: 1, keptBytes: PROOF_BYTES, isDone: true },
  });
  expect(bytesToHex((await store.getEvidence(caught.receiptId))!)).toBe('07'.repeat(PROOF_BYTES));
  expect(await store.getReceipt(caught.receiptId)).toMatchObject({ mismatchRow: 1 });
  // And it works on.
  await openEpoch(store, 6);
  await acceptOne(store, { key: 3, epochId: 6, nonce: 1 });
  expect((await store.getWorker(publicKeyHexOf(3)))?.accepted).toBe(21);
  expect(await store.pruneEvidence({ ...bounds, keptSinceMs: SETTLED_AT_MS + 1 })).toMatchObject({
    ...{ deletedCount: 1, keptCount: 0 },
  });
}
