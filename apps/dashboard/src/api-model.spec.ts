import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import {
  readEpoch,
  readEpochCredits,
  readEpochNow,
  readEpochs,
  readReceiptEvidence,
  readWorker,
  readWorkers,
} from './api-model.ts';

describe('reading the API', () => {
  it('takes a worker as documented', () => {
    const worker = readWorker({
      did: 'did:key:z6Mk',
      public_key_hex: 'ab',
      label: 'gpu-box',
      credited_ops: '9223372036854775808',
      verified_tops: 1.5,
      accepted: 3,
      rejected: 1,
      missed: 0,
      audit_rows: 8,
      state: 'active',
      last_seen_at: 1000,
    });
    expect(worker).toEqual({
      did: 'did:key:z6Mk',
      label: 'gpu-box',
      state: 'active',
      creditedOps: '9223372036854775808',
      verifiedTops: 1.5,
      accepted: 3,
      rejected: 1,
      missed: 0,
      auditRows: 8,
      lastSeenAtMs: 1000,
    });
  });

  it('turns wrong types into "no value", never into a zero', () => {
    const worker = readWorker({ did: 7, accepted: '3', credited_ops: 5, label: null });
    expect(worker.did).toBe('');
    expect(worker.accepted).toBeNaN();
    expect(worker.creditedOps).toBe('');
    expect(worker.label).toBe('');
  });

  it('keeps the cursor of a page and drops workers without a did', () => {
    const page = readWorkers({ workers: [{ did: 'did:key:z1' }, {}, null], next_cursor: 'x' });
    expect(page.workers).toHaveLength(1);
    expect(page.next).toBe('x');
  });

  it('takes the end of a page as null or absent', () => {
    expect(readWorkers({ workers: [], next_cursor: null }).next).toBe('');
    expect(readWorkers({ workers: [] }).next).toBe('');
  });

  it('takes an export as documented', () => {
    const entry = { credited_ops: '5', outcome: 'accepted', receipt_id: 'ab', rows: [1, 2] };
    expect(readEpochCredits({ credits: [{ did: 'd', accepted: 1 }], entries: [entry] })).toEqual({
      credits: [
        { did: 'd', creditedOps: '', accepted: 1, rejected: NaN, missed: NaN, revoked: NaN },
      ],
      entries: [{ receiptId: 'ab', outcome: 'accepted', creditedOps: '5', rowCount: 2 }],
    });
  });

  it('replaces lone surrogates, on which links would throw', () => {
    const { did, label } = readWorker({ did: 'did:key:z\ud800', label: '\u{1f600}' });
    expect(did).toBe('did:key:z\ufffd');
    expect(label).toBe('\u{1f600}');
    expect(() => encodeURIComponent(did)).not.toThrow();
  });

  it('throws for nothing whatever', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        readEpochNow(value);
        readWorkers(value);
        readWorkers({ workers: [value] });
        readEpochs({ epochs: [value] });
        readEpoch(value);
        readEpochCredits({ entries: [value], credits: [value] });
        expect(readReceiptEvidence({ receipt: value, rows: value }).rows).toBeInstanceOf(Array);
      }),
      fcParameters(300),
    );
  });
});
