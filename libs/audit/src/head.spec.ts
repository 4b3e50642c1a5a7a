import { describe, expect, it } from '@jest/globals';
import { SampleHistory } from '../test/sample-history.ts';
import { headSignedBytes, ledgerEntryHash, verifyHead, verifyInclusion } from './index.ts';

const [{ epoch, receipts }] = new SampleHistory([[[1, 'accepted']]]).epochs as [
  SampleHistory['epochs'][number],
];

describe('a signed head', () => {
  it('covers its domain line and the five fields in their one form', () => {
    const text = Buffer.from(headSignedBytes({ ...epoch })).toString();
    expect(text).toBe(
      'tops-verifier head v2\n' +
        `{"entry_count":1,"epoch_id":1000,"head_hex":"${epoch.head_hex}",` +
        `"ledger_root_hex":"${epoch.ledger_root_hex}","prev_hash_hex":"${epoch.prev_hash_hex}"}`,
    );
  });

  it('verifies, and no longer with any field changed', () => {
    expect(verifyHead(epoch)).toBe(true);
    const other = 'ab'.repeat(32);
    for (const change of [
      { entry_count: 2 },
      { epoch_id: 1001 },
      { head_hex: other },
      { ledger_root_hex: other },
      { prev_hash_hex: other },
      { verifier_key_hex: other },
      { head_sig_hex: 'ab'.repeat(64) },
    ])
      expect(verifyHead({ ...epoch, ...change })).toBe(false);
  });
});

describe('verifyInclusion', () => {
  const { credited_ops, outcome, receipt_id, rows } = receipts[0]!;
  const entry = { credited_ops, outcome, receipt_id, rows };
  const proof = { ...epoch, entry, index: 0, path: [] };

  it('takes the only entry, whose leaf is the root', () => {
    expect(Buffer.from(ledgerEntryHash(entry)).toString('hex')).toBe(epoch.ledger_root_hex);
    expect(verifyInclusion(proof)).toBeUndefined();
  });

  it('says what does not hold', () => {
    expect(verifyInclusion({ ...proof, index: 1 })).toBe('index_out_of_range');
    expect(verifyInclusion({ ...proof, path: ['ab'.repeat(32)] })).toBe('path_length');
    const missed = { ...entry, outcome: 'missed' as const };
    expect(verifyInclusion({ ...proof, entry: missed })).toBe('root_mismatch');
    expect(verifyInclusion({ ...proof, epoch_id: 7 })).toBe('signature_invalid');
  });
});
