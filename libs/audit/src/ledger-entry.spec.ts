import { ledgerTreeHasher, merkleRoot } from '@tops/crypto';
import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { ledgerEntryBytes, LedgerRoot, ledgerRoot, type LedgerEntry } from './ledger-entry.ts';

function entryOf(index: number): LedgerEntry {
  return {
    credited_ops: String(index),
    outcome: 'missed',
    receipt_id: index.toString(16).padStart(64, '0'),
    rows: [index],
  };
}

describe('ledgerEntryBytes', () => {
  it('is RFC 8785 JSON of the four fields, whatever their order and company', () => {
    const stranger = { extra: 1, rows: [3, 5], receipt_id: 'ab', outcome: 'accepted' as const };
    const bytes = ledgerEntryBytes({ ...stranger, credited_ops: '524288' });
    expect(Buffer.from(bytes).toString()).toBe(
      '{"credited_ops":"524288","outcome":"accepted","receipt_id":"ab","rows":[3,5]}',
    );
  });
});

describe('LedgerRoot', () => {
  it('equals the tree over all entries at once, at every count', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (count) => {
        const entries = Array.from({ length: count }, (_, index) => entryOf(index));
        const leaves = entries.map((entry) => ledgerTreeHasher.hashLeaf(ledgerEntryBytes(entry)));
        const root = new LedgerRoot();
        for (const entry of entries) root.append(entry);
        expect(root.entryCount).toBe(count);
        expect(root.digest()).toEqual(merkleRoot(leaves, ledgerTreeHasher));
        expect(ledgerRoot(entries)).toEqual(root.digest());
      }),
      fcParameters(60),
    );
  });

  it('changes with the order of the entries', () => {
    expect(ledgerRoot([entryOf(1), entryOf(2)])).not.toEqual(ledgerRoot([entryOf(2), entryOf(1)]));
  });
});
