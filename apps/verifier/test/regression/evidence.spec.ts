import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bytesToHex, keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { parseEvidence, parseJson, verifyChallenge, type Evidence } from '@tops/protocol';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { seededBytes } from '@tops/testing';
import { checkEvidence } from '@tops/verification';
import { TestVerifier, verifierKey } from '../test-verifier.ts';
import { TestWorker, tinyShape } from '../test-worker.ts';

const DAY_MS = 86_400_000;
const everyRow = Array.from({ length: tinyShape.m }, (_, row) => row);

let test: TestVerifier;
let seed = 700;

beforeEach(async () => {
  test = await TestVerifier.start();
});
afterEach(() => test.close());

/** Has a receipt rejected; returns its id and the row. */
async function reject(worker = new TestWorker(seed++)): Promise<{ id: string; row: number }> {
  const attempt = await worker.attempt(await test.epoch(), { wrongRows: everyRow });
  const challenge = await test.challenge(attempt);
  const answer = await test.prove(attempt, challenge);
  expect(answer).toMatchObject({ status: 422, body: { code: 'row_mismatch' } });
  return { id: challenge.receipt_id, row: answer.body.row as number };
}

function parse(text: string): Evidence {
  const json = parseJson(new TextEncoder().encode(text));
  const parsed = json.ok ? parseEvidence(json.value, { auditRowsMax: 64 }) : json;
  if (!parsed.ok) throw new Error(parsed.problem.detail);
  return parsed.value;
}

describe('GET /v1/receipts/{id}/evidence', () => {
  it('answers with a bundle that holds on its own', async () => {
    const { id, row } = await reject();
    const answer = await test.get(`/v1/receipts/${id}/evidence`);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual([
      ...['challenge_sig_hex', 'deadline_at', 'leaves', 'mismatch_row', 'receipt', 'rows'],
      ...['siblings', 'verifier_key_hex'],
    ]);
    const evidence = parse(answer.text);
    expect(evidence.receipt.receiptId).toBe(id);
    expect(evidence.mismatchRow).toBe(row);
    expect(verifyChallenge(evidence.challenge, verifierKey.publicKey)).toBe(true);
    const kernel = createReferenceKernel();
    const computeLeaves = kernel.computeLeaves.bind(kernel);
    const limits = { min_rows: 64, max_weights: 8192, audit_rows_max: 64 };
    const verdict = await checkEvidence(
      evidence,
      { limits, skipSignatures: false },
      { computeLeaves, confirmLeaves: computeLeaves, randomBelow: () => 0 },
    );
    expect(verdict).toEqual({ outcome: 'contradicted', row });
    await kernel.close();
  });

  it('has a code for what is unknown, and one for what is not kept', async () => {
    const unknown = await test.get(`/v1/receipts/${'00'.repeat(32)}/evidence`);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'receipt_not_found']);
    const worker = new TestWorker(seed++);
    const attempt = await worker.attempt(await test.epoch());
    const challenge = await test.challenge(attempt);
    const path = `/v1/receipts/${challenge.receipt_id}/evidence`;
    const open = await test.get(path);
    expect([open.status, open.body.code]).toEqual([404, 'evidence_not_found']);
    await test.prove(attempt, challenge);
    const accepted = await test.get(path);
    expect([accepted.status, accepted.body.code]).toEqual([404, 'evidence_not_found']);
    expect((await test.get('/v1/receipts/nonsense/evidence')).body.code).toBe('path_invalid');
  });

  it.each([
    ['its epoch is sealed', 180_000, true],
    ['only the epoch before is', 30_000, false],
  ])('names the key that asked, whoever signs today, when %s', async (_name, laterMs, isSealed) => {
    const { epoch_id: firstId } = await test.epoch();
    test.clock.advance(60_000);
    await test.verifier.epochs.tick();
    const { id } = await reject();
    test.clock.advance(laterMs);
    await test.verifier.epochs.tick();
    expect((await test.ledger.getEpoch(firstId))?.sealed?.signed).toBeDefined();
    expect((await test.ledger.getEpoch(firstId + 1))?.sealed !== undefined).toBe(isSealed);
    const nextKey = keyPairFromSeed(seededBytes(98, 32));
    await test.restart(nextKey);
    const answer = await test.get(`/v1/receipts/${id}/evidence`);
    const { challenge, verifierKey: named } = parse(answer.text);
    expect(bytesToHex(named)).toBe(bytesToHex(verifierKey.publicKey));
    expect(verifyChallenge(challenge, named)).toBe(true);
    expect(verifyChallenge(challenge, nextKey.publicKey)).toBe(false);
    // Who asks from now on is the next key.
    expect((await test.epoch()).verifier_key_hex).toBe(bytesToHex(nextKey.publicKey));
  });

  it('is gone after EVIDENCE_DAYS, the receipt is not', async () => {
    const { id } = await reject();
    test.clock.advance(29 * DAY_MS);
    const recent = await reject();
    await test.verifier.epochs.tick();
    expect((await test.get(`/v1/receipts/${id}/evidence`)).status).toBe(200);
    test.clock.advance(2 * DAY_MS);
    await test.verifier.epochs.tick();
    await until(async () => (await test.get(`/v1/receipts/${id}/evidence`)).status === 404);
    const gone = await test.get(`/v1/receipts/${id}/evidence`);
    expect(gone.body.code).toBe('evidence_not_found');
    expect((await test.get(`/v1/receipts/${id}`)).body).toMatchObject({ outcome: 'rejected' });
    expect((await test.get(`/v1/receipts/${recent.id}/evidence`)).status).toBe(200);
    expect(await test.metrics()).toMatch(/^tops_verifier_evidence_kept 1$/m);
  });

  it('is bounded in bytes whoever makes it up, the oldest go first', async () => {
    await test.close();
    // Room for two proofs of 16 rows of 64, some 1.5 kB each.
    test = await TestVerifier.start({
      protocol: { evidence: { keptMs: DAY_MS, maxBytes: 4_000 } },
    });
    const kept: string[] = [];
    for (let index = 0; index < 6; index++) {
      kept.push((await reject()).id);
      test.clock.advance(1);
    }
    await test.verifier.epochs.tick();
    const first = kept[0] ?? '';
    await until(async () => (await test.get(`/v1/receipts/${first}/evidence`)).status === 404);
    const statuses = await Promise.all(
      kept.map(async (id) => (await test.get(`/v1/receipts/${id}/evidence`)).status),
    );
    const firstKept = statuses.indexOf(200);
    expect(firstKept).toBeGreaterThan(0);
    expect(statuses.slice(firstKept).every((status) => status === 200)).toBe(true);
    const bytes = /^tops_verifier_evidence_kept_bytes (\d+)$/m.exec(await test.metrics())?.[1];
    expect(Number(bytes)).toBeGreaterThan(0);
    expect(Number(bytes)).toBeLessThanOrEqual(4_000);
  });
});

describe('a key that was caught', () => {
  it('is on probation at full audit once its quarantine is over, until it owes no clean epoch', async () => {
    const worker = new TestWorker(seed++);
    const path = `/v1/workers/${publicKeyToDid(worker.keyPair.publicKey)}`;
    await reject(worker);
    expect((await test.get(path)).body.state).toBe('quarantined');
    test.clock.advance(3 * 60_000);
    await test.verifier.epochs.tick();
    for (const owed of [2, 1]) {
      expect((await test.get(path)).body).toMatchObject({ state: 'probation', audit_rows: 16 });
      expect((await test.ledger.getWorker(worker.publicKeyHex))?.probationEpochs).toBe(owed);
      const attempt = await worker.attempt(await test.epoch());
      const challenge = await test.challenge(attempt);
      expect(challenge.rows).toHaveLength(16);
      expect((await test.prove(attempt, challenge)).status).toBe(200);
      // Past close, grace and deadline, so that the epoch seals.
      test.clock.advance(2 * 60_000);
      await test.verifier.epochs.tick();
    }
    expect((await test.get(path)).body.state).toBe('new');
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('expected it within two seconds');
}
