import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bytesToHex, publicKeyToDid } from '@tops/crypto';
import { shapeOps } from '@tops/protocol';
import { ManualWorker } from '../src/manual-worker.ts';
import { TestNetwork } from '../src/network.ts';

const shape = { m: 320, n: 64, k: 64 };
const receiptCount = 220;
const auditRows = 8;

function randomRows(count: number): Set<number> {
  const rows = new Set<number>();
  while (rows.size < count) rows.add(randomInt(shape.m));
  return rows;
}

let network: TestNetwork;

beforeAll(async () => {
  network = await TestNetwork.start({
    AUDIT_ROWS_MIN: String(auditRows),
    AUDIT_ROWS_MAX: String(auditRows),
    CHALLENGE_DEADLINE_MS: '1000',
    MAX_OPEN_CHALLENGES: '1000',
    MAX_OPEN_CHALLENGES_NEW_KEY: '1000',
    MAX_OPEN_CHALLENGES_PER_ADDRESS: '10000',
    RECEIPTS_PER_SECOND_PER_KEY: '1000',
  });
});

afterAll(() => network?.close());

/** Submits `receiptCount` receipts and answers only what can be answered: the best a skipping worker can do. */
async function earn(worker: ManualWorker, skippedCount: number): Promise<bigint> {
  for (let i = 0; i < receiptCount; i++) {
    const epoch = await network.client.getEpoch();
    if (!epoch.ok) throw new Error(epoch.problem.detail);
    const attempt = await worker.attempt(epoch.value, randomRows(skippedCount));
    const challenge = await network.client.submitReceipt(attempt.receipt);
    if (!challenge.ok) throw new Error(`${challenge.problem.code}: ${challenge.problem.detail}`);
    expect(challenge.value.rows).toHaveLength(auditRows);
    if (challenge.value.rows.some((row) => attempt.skippedRows.has(row))) continue;
    const verdict = await network.client.submitProof(
      challenge.value.receipt_id,
      attempt.prove(challenge.value),
    );
    expect(verdict).toMatchObject({ ok: true, status: 200 });
  }
  const record = await network.client.getWorker(publicKeyToDid(worker.keyPair.publicKey));
  if (!record.ok) throw new Error(record.problem.detail);
  return BigInt(record.value.credited_ops);
}

describe('a worker that skips 10 % of its rows', () => {
  it('loses more credit than it saves work, over 220 receipts', async () => {
    const earned = await earn(new ManualWorker(shape), shape.m / 10);

    const fullCredit = shapeOps(shape) * BigInt(receiptCount);
    const creditShare = Number((earned * 10_000n) / fullCredit) / 10_000;
    process.stderr.write(`work done 0.90, credit kept ${creditShare} (expected 0.9^8 = 0.43)\n`);
    expect(creditShare).toBeLessThan(0.9);
    // Five standard deviations of a binomial share at p = 0.43 over 220 receipts.
    expect(Math.abs(creditShare - 0.9 ** auditRows)).toBeLessThan(0.17);
  }, 120_000);

  it('while an honest one (control) keeps every op', async () => {
    const earned = await earn(new ManualWorker(shape), 0);
    expect(earned).toBe(shapeOps(shape) * BigInt(receiptCount));
  }, 120_000);

  it('and one that answers with junk rows is rejected for good, quarantined and stripped of the epoch', async () => {
    const worker = new ManualWorker(shape);
    const epoch = await network.client.getEpoch();
    if (!epoch.ok) throw new Error(epoch.problem.detail);

    const honest = await worker.attempt(epoch.value, new Set());
    const honestChallenge = await network.client.submitReceipt(honest.receipt);
    if (!honestChallenge.ok) throw new Error(honestChallenge.problem.detail);
    const accepted = await network.client.submitProof(
      honestChallenge.value.receipt_id,
      honest.prove(honestChallenge.value),
    );
    expect(accepted).toMatchObject({ ok: true });

    const junk = await worker.attempt(epoch.value, randomRows(shape.m));
    const junkChallenge = await network.client.submitReceipt(junk.receipt);
    if (!junkChallenge.ok) throw new Error(junkChallenge.problem.detail);
    const rejected = await network.client.submitProof(
      junkChallenge.value.receipt_id,
      junk.prove(junkChallenge.value),
    );
    expect(rejected).toMatchObject({ ok: false, status: 422, problem: { code: 'row_mismatch' } });

    const record = await network.client.getWorker(publicKeyToDid(worker.keyPair.publicKey));
    expect(record).toMatchObject({
      ok: true,
      value: {
        credited_ops: '0',
        state: 'quarantined',
        public_key_hex: bytesToHex(worker.keyPair.publicKey),
      },
    });
    const next = await worker.attempt(epoch.value, new Set());
    expect(await network.client.submitReceipt(next.receipt)).toMatchObject({
      ok: false,
      status: 403,
      problem: { code: 'key_quarantined' },
    });
  });
});
