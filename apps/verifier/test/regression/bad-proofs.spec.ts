import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeProof, type Challenge } from '@tops/protocol';
import { TestVerifier } from '../test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test-worker.ts';

let test: TestVerifier;
let attempt: TestAttempt;
let challenge: Challenge;
let foreign: TestAttempt;
let foreignChallenge: Challenge;

beforeAll(async () => {
  test = await TestVerifier.start({ http: { trustProxyHops: 1 } });
  const epoch = await test.epoch();
  attempt = await new TestWorker(51).attempt(epoch);
  challenge = await test.challenge(attempt);
  foreign = await new TestWorker(52).attempt(epoch);
  foreignChallenge = await test.challenge(foreign);
});

afterAll(() => test.close());

const good = () => attempt.prove(challenge.rows);
/** The hashes of the good proof, changed, in wire form. */
const hashes = (change: (proof: { leaves: Uint8Array; siblings: Uint8Array }) => object) => () => {
  const proof = attempt.hashes(challenge.rows);
  return encodeProof({ ...proof, ...change(proof) });
};
const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
};
const surplus = new Uint8Array(32);
const swapped = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from([...bytes.subarray(32, 64), ...bytes.subarray(0, 32), ...bytes.subarray(64)]);

type Case = readonly [name: string, body: () => unknown, status: number, code: string];

const cases: readonly Case[] = [
  ['no body', () => '', 400, 'body_empty'],
  ['malformed JSON', () => '{', 400, 'json_malformed'],
  ['an empty object', () => ({}), 400, 'field_missing'],
  ['no siblings', () => ({ leaves: good().leaves }), 400, 'field_missing'],
  ['null for both', () => ({ leaves: null, siblings: null }), 400, 'field_type'],
  ['lists of hashes', () => ({ leaves: [], siblings: [] }), 400, 'field_type'],
  ['an unknown field', () => ({ ...good(), rows: challenge.rows }), 400, 'field_unknown'],
  [
    'a duplicate key',
    () => JSON.stringify(good()).replace('{', '{"leaves":"",'),
    400,
    'json_duplicate_key',
  ],
  ['both empty', () => ({ leaves: '', siblings: '' }), 422, 'proof_malformed'],
  ['no leaves', () => ({ ...good(), leaves: '' }), 422, 'proof_malformed'],
  ['no hashes in siblings', () => ({ ...good(), siblings: '' }), 422, 'proof_malformed'],
  [
    'a missing leaf',
    hashes(({ leaves }) => ({ leaves: leaves.slice(32) })),
    422,
    'proof_malformed',
  ],
  [
    'a missing sibling',
    hashes(({ siblings }) => ({ siblings: siblings.slice(0, -32) })),
    422,
    'proof_malformed',
  ],
  [
    'a surplus leaf',
    hashes(({ leaves }) => ({ leaves: Uint8Array.from([...leaves, ...surplus]) })),
    422,
    'proof_malformed',
  ],
  [
    'a surplus sibling',
    hashes(({ siblings }) => ({ siblings: Uint8Array.from([...siblings, ...surplus]) })),
    422,
    'proof_malformed',
  ],
  [
    'a truncated leaf',
    hashes(({ leaves }) => ({ leaves: leaves.slice(0, -1) })),
    422,
    'proof_malformed',
  ],
  [
    'a truncated sibling',
    hashes(({ siblings }) => ({ siblings: siblings.slice(0, -1) })),
    422,
    'proof_malformed',
  ],
  [
    'an altered leaf',
    hashes(({ leaves }) => ({ leaves: flipped(leaves, 40) })),
    422,
    'proof_malformed',
  ],
  [
    'an altered sibling',
    hashes(({ siblings }) => ({ siblings: flipped(siblings, 0) })),
    422,
    'proof_malformed',
  ],
  [
    'leaves in another order',
    hashes(({ leaves }) => ({ leaves: swapped(leaves) })),
    422,
    'proof_malformed',
  ],
  [
    'siblings in another order',
    hashes(({ siblings }) => ({ siblings: swapped(siblings) })),
    422,
    'proof_malformed',
  ],
  [
    'leaves and siblings swapped',
    hashes((proof) => ({ leaves: proof.siblings, siblings: proof.leaves })),
    422,
    'proof_malformed',
  ],
  ["another's proof", () => foreign.prove(foreignChallenge.rows), 422, 'proof_malformed'],
  [
    'base64 without padding',
    () => ({ ...good(), leaves: good().leaves.replace(/=+$/, '') }),
    400,
    'base64_malformed',
  ],
  [
    'base64url',
    () => ({ ...good(), leaves: `-_${good().leaves.slice(2)}` }),
    400,
    'base64_malformed',
  ],
  [
    'base64 with a newline',
    () => ({ ...good(), leaves: `${good().leaves}\n` }),
    400,
    'base64_malformed',
  ],
  ['hex in place of base64', () => ({ ...good(), siblings: 'zz' }), 400, 'base64_malformed'],
];

describe('POST /v1/receipts/{receipt_id}/proof', () => {
  it.each(cases)('refuses %s', async (name, body, status, code) => {
    const before = await test.recorded();
    // An address each: how many attempts one address has is not under test here.
    const address = `192.0.2.${cases.findIndex((row) => row[0] === name)}`;
    const path = `/v1/receipts/${challenge.receipt_id}/proof`;
    const answer = await test.post(path, body(), { 'x-forwarded-for': address });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await test.recorded()).toBe(before);
  });

  it('refuses a proof for a receipt nobody submitted, and ids that are none', async () => {
    const before = await test.recorded();
    const unknown = await test.post(`/v1/receipts/${'0'.repeat(64)}/proof`, good());
    expect([unknown.status, unknown.body.code]).toEqual([404, 'receipt_not_found']);
    for (const id of [challenge.receipt_id.toUpperCase(), 'x', '%00', `${challenge.receipt_id}0`]) {
      const answer = await test.post(`/v1/receipts/${id}/proof`, good());
      expect([answer.status, answer.body.code]).toEqual([400, 'path_invalid']);
    }
    expect(await test.recorded()).toBe(before);
  });

  it('limits junk by receipt and address, and the answer of the worker still counts', async () => {
    const path = `/v1/receipts/${challenge.receipt_id}/proof`;
    const junk = { leaves: good().leaves, siblings: '' };
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const before = await test.recorded();
    const codes = [];
    for (let i = 0; i < 20; i++) {
      codes.push((await test.post(path, junk, from('198.51.100.66'))).body.code);
    }
    expect(codes.slice(0, 16)).toEqual(Array(16).fill('proof_malformed'));
    expect(codes.slice(16)).toEqual(Array(4).fill('rate_limited'));
    expect(await test.recorded()).toBe(before);
    // The same address may still answer another challenge.
    const elsewhere = `/v1/receipts/${foreignChallenge.receipt_id}/proof`;
    const fair = await test.post(
      elsewhere,
      foreign.prove(foreignChallenge.rows),
      from('198.51.100.66'),
    );
    expect(fair.status).toBe(200);
    const own = await test.post(path, good(), from('192.0.2.200'));
    expect([own.status, own.body.status]).toEqual([200, 'accepted']);
  });

  it('after acceptance answers the proof again, and junk as junk', async () => {
    const before = await test.recorded();
    const path = `/v1/receipts/${challenge.receipt_id}/proof`;
    const junk = await test.post(path, foreign.prove(foreignChallenge.rows));
    expect([junk.status, junk.body.code]).toEqual([422, 'proof_malformed']);
    expect((await test.post(path, good())).status).toBe(200);
    expect(await test.recorded()).toBe(before);
  });
});

describe('a late proof', () => {
  it('is 410 a millisecond after the deadline, and in time at it', async () => {
    const worker = new TestWorker(53);
    const epoch = await test.epoch();
    const punctual = await worker.attempt(epoch);
    const late = await worker.attempt(epoch);
    const punctualChallenge = await test.challenge(punctual);
    const lateChallenge = await test.challenge(late);
    test.clock.set(punctualChallenge.deadline_at);
    expect((await test.prove(punctual, punctualChallenge)).status).toBe(200);
    test.clock.set(lateChallenge.deadline_at + 1);
    const before = await test.recorded();
    const answer = await test.prove(late, lateChallenge);
    expect([answer.status, answer.body.code]).toEqual([410, 'deadline_passed']);
    expect(await test.recorded()).toBe(before);
    await test.verifier.epochs.tick();
    const again = await test.prove(late, lateChallenge);
    expect([again.status, again.body.code]).toEqual([410, 'deadline_passed']);
    const evidence = await test.get(`/v1/receipts/${lateChallenge.receipt_id}`);
    expect(evidence.body).toMatchObject({ outcome: 'missed', credited_ops: '0' });
    const next = await worker.attempt(await test.epoch());
    expect((await test.prove(next, await test.challenge(next))).status).toBe(200);
  });
});
