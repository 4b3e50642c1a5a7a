import { describe, expect, it } from '@jest/globals';
import { bytesToBase64 } from '@tops/crypto';
import { seededBytes } from '@tops/testing';
import { expectProblem, expectValue, parseBytes } from '../test/expect-parsed.ts';
import {
  goodBundle,
  goodEvidence,
  goodChallenge,
  goodEpochInfo,
  goodProof,
  goodReceipt,
  goodWorker,
  wire,
} from '../test/good-messages.ts';
import {
  maxChallengeRows,
  parseAcceptedResponse,
  parseBundle,
  parseEvidence,
  encodeEvidence,
  isEvidenceMessage,
  parseChallenge,
  parseEpochInfo,
  parseProof,
  parseVerifiedResponse,
  parseWorkerInfo,
  parseWorkerPage,
  rowsProblem,
} from './index.ts';

const base64 = (byteCount: number) => bytesToBase64(seededBytes(11, byteCount));

describe('parseProof', () => {
  it.each<[string, unknown]>([
    ['no leaf', { leaves: '', siblings: base64(64) }],
    ['nothing at all', { leaves: '', siblings: '' }],
    ['a leaf cut short', { leaves: base64(95), siblings: base64(64) }],
    ['a byte too many in the leaves', { leaves: base64(97), siblings: base64(64) }],
    ['a sibling cut short', { leaves: base64(96), siblings: base64(63) }],
    ['a byte too many in the siblings', { leaves: base64(96), siblings: base64(65) }],
  ])('refuses %s as proof_malformed', (_name, proof) => {
    expect(expectProblem(parseBytes(wire(proof), parseProof)).code).toBe('proof_malformed');
    expectValue(parseBytes(wire(goodProof), parseProof));
  });

  it('takes a proof without siblings: every row was challenged', () => {
    const proof = expectValue(parseProof({ leaves: base64(64 * 32), siblings: '' }));
    expect(proof.siblings).toHaveLength(0);
  });
});

describe('rows', () => {
  const bundleOf = (rows: unknown) =>
    parseBytes(wire({ ...goodBundle, rows }), (value) => parseBundle(value, { auditRowsMax: 4 }));
  const challengeOf = (rows: unknown) =>
    parseBytes(wire({ ...goodChallenge, rows }), parseChallenge);

  it.each<[string, number[]]>([
    ['none', []],
    ['descending', [2, 1]],
    ['repeated', [1, 1]],
    ['out of order at the end', [1, 5, 4]],
  ])('refuses rows that are %s', (_name, rows) => {
    for (const parsed of [bundleOf(rows), challengeOf(rows)]) {
      expect(expectProblem(parsed).code).toBe('rows_invalid');
    }
    expectValue(bundleOf([0, 1, 5]));
    expectValue(challengeOf([0, 1, 5]));
  });

  it('holds a bundle to auditRowsMax and to m', () => {
    const { m } = goodReceipt.sizes;
    expectValue(bundleOf([0, 1, 2, m - 1]));
    expect(expectProblem(bundleOf([0, 1, 2, 3, 4])).code).toBe('rows_invalid');
    expect(expectProblem(bundleOf([0, m]))).toMatchObject({
      code: 'rows_invalid',
      field: 'rows[1]',
    });
  });

  it('takes for evidence what has any field of it, and holds mismatch_row to the rows', () => {
    const read = (value: unknown) => parseEvidence(value, { auditRowsMax: 4 });
    const evidence = expectValue(parseBytes(wire(goodEvidence), read));
    expect(encodeEvidence(evidence)).toEqual(goodEvidence);
    expect(evidence.challenge).toEqual({
      receipt_id: evidence.receipt.receiptId,
      rows: goodBundle.rows,
      deadline_at: goodEvidence.deadline_at,
      challenge_sig_hex: goodEvidence.challenge_sig_hex,
    });
    const other = parseBytes(wire({ ...goodEvidence, mismatch_row: 78 }), read);
    expect(expectProblem(other)).toMatchObject({ code: 'rows_invalid', field: 'mismatch_row' });
    expect(isEvidenceMessage(goodBundle)).toBe(false);
    expect(isEvidenceMessage({ ...goodBundle, mismatch_row: 1 })).toBe(true);
    expect([null, [], 'x', 1].map(isEvidenceMessage)).toEqual([false, false, false, false]);
  });

  it('bounds what a challenge can ask of a worker', () => {
    const rows = Array.from({ length: maxChallengeRows + 1 }, (_, row) => row);
    expectValue(challengeOf(rows.slice(1)));
    expect(expectProblem(challengeOf(rows)).code).toBe('rows_invalid');
  });

  it('holds any list to its own bound', () => {
    expect(rowsProblem({ rows: [1, 2], maxCount: 2 })).toBeUndefined();
    expect(rowsProblem({ rows: [1, 2, 3], maxCount: 2 })).toMatchObject({ field: 'rows' });
    expect(rowsProblem({ rows: [1, 2], maxCount: 2, m: 3 })).toBeUndefined();
    expect(rowsProblem({ rows: [1, 2], maxCount: 2, m: 2 })).toMatchObject({ field: 'rows[1]' });
  });

  it('names the item at fault', () => {
    const problem = expectProblem(parseChallenge({ ...goodChallenge, rows: [0, '1'] }));
    expect(problem).toMatchObject({ code: 'field_type', field: 'rows[1]' });
  });
});

describe('parseEpochInfo', () => {
  it('parses an epoch of another version, so that the worker can say so', () => {
    const parsed = expectValue(parseEpochInfo({ ...goodEpochInfo, kernel_ver: 'later_v9' }));
    expect(parsed.kernel_ver).toBe('later_v9');
  });

  it('ignores limits it does not know, and leaves them out', () => {
    const limits = { ...goodEpochInfo.limits, later: 'x' };
    expect(expectValue(parseEpochInfo({ ...goodEpochInfo, limits }))).toEqual(goodEpochInfo);
  });

  it('refuses an epoch that closes before it opens', () => {
    const problem = expectProblem(
      parseEpochInfo({ ...goodEpochInfo, closes_at: goodEpochInfo.opens_at - 1 }),
    );
    expect(problem).toMatchObject({ code: 'integer_malformed', field: 'closes_at' });
  });

  it('keeps terminal escapes out of kernel_ver', () => {
    const problem = expectProblem(parseEpochInfo({ ...goodEpochInfo, kernel_ver: '\u001b[2J' }));
    expect(problem.code).toBe('text_malformed');
  });
});

describe('parseWorkerInfo and parseWorkerPage', () => {
  it('reads none for label, last_seen_at and next_cursor, absent or null', () => {
    const none = { ...goodWorker, label: null, last_seen_at: null };
    const absent = Object.fromEntries(Object.entries(none).filter(([, value]) => value !== null));
    expect(Object.keys(absent)).toHaveLength(Object.keys(none).length - 2);
    expect(expectValue(parseWorkerInfo(none))).toEqual(none);
    expect(expectValue(parseWorkerPage({ workers: [absent] }))).toEqual({
      workers: [none],
      next_cursor: null,
    });
  });

  it('takes fractions and exponents of verified_tops from the wire', () => {
    const text = JSON.stringify(goodWorker).replace('1.25', '1.5e-7');
    expect(expectValue(parseBytes(wire(text), parseWorkerInfo)).verified_tops).toBe(1.5e-7);
    const infinite = JSON.stringify(goodWorker).replace('1.25', '1e999');
    expect(expectProblem(parseBytes(wire(infinite), parseWorkerInfo)).field).toBe('verified_tops');
  });

  it.each<[string, object]>([
    ['an escape in the label', { label: '\u001b]0;x\u0007' }],
    ['a did that is none', { did: 'javascript:alert(1)' }],
    ['a state with spaces', { state: 'all good' }],
    ['ops with a sign', { credited_ops: '-1' }],
    ['ops with an exponent', { credited_ops: '1e9' }],
    ['ops with a leading zero', { credited_ops: '01' }],
    ['ops without digits', { credited_ops: '' }],
  ])('refuses %s', (_name, change) => {
    expect(expectProblem(parseWorkerInfo({ ...goodWorker, ...change })).code).toBe(
      'text_malformed',
    );
    expectValue(parseWorkerInfo(goodWorker));
  });

  it('names the worker at fault and bounds the page', () => {
    const workers = [goodWorker, { ...goodWorker, accepted: 'x' }];
    expect(expectProblem(parseWorkerPage({ workers })).field).toBe('workers[1].accepted');
    const tooMany = Array.from({ length: 1001 }, () => goodWorker);
    expect(expectProblem(parseWorkerPage({ workers: tooMany })).field).toBe('workers');
    expect(expectProblem(parseWorkerPage({ workers: {} })).field).toBe('workers');
    expect(expectProblem(parseWorkerPage({ workers: [null] })).field).toBe('workers[0]');
  });
});

describe('answers to proofs and bundles', () => {
  it('are accepted only when they say so', () => {
    const good = { status: 'accepted', credited_ops: '0', receipt_id: goodChallenge.receipt_id };
    expectValue(parseAcceptedResponse(good));
    expectValue(parseVerifiedResponse(good));
    for (const status of ['rejected', 'Accepted', 'accepted ', '']) {
      expect(expectProblem(parseAcceptedResponse({ ...good, status })).field).toBe('status');
      expect(expectProblem(parseVerifiedResponse({ ...good, status })).field).toBe('status');
    }
  });
});
