import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { KernelError } from '@tops/kernel-spec';
import {
  parseAcceptedResponse,
  parseChallenge,
  parseEpochInfo,
  parseJson,
  parseWorkerPage,
  shapeOps,
  verifyChallenge,
  type Challenge,
} from '@tops/protocol';
import { TestVerifier, verifierKey } from '../test/test-verifier.ts';
import { TestWorker, tinyShape } from '../test/test-worker.ts';

const ops = shapeOps(tinyShape).toString();
const read = (text: string) => {
  const parsed = parseJson(new TextEncoder().encode(text));
  if (!parsed.ok) throw new Error(parsed.problem.detail);
  return parsed.value;
};

let test: TestVerifier;

beforeEach(async () => {
  test = await TestVerifier.start();
});

afterEach(() => test.close());

describe('the way of a receipt', () => {
  it('is recorded, challenged, proven and credited', async () => {
    const worker = new TestWorker(1);
    const epochAnswer = await test.get('/v1/epoch');
    expect(parseEpochInfo(read(epochAnswer.text))).toMatchObject({ ok: true });
    const attempt = await worker.attempt(epochAnswer.body);

    const submitted = await test.post('/v1/receipts', attempt.receipt);
    expect(submitted.status).toBe(201);
    const challenge = parseChallenge(read(submitted.text));
    if (!challenge.ok) throw new Error(challenge.problem.detail);
    expect(challenge.value.rows).toHaveLength(16);
    expect(challenge.value.deadline_at).toBe(test.clock.nowMs() + 10_000);
    expect(verifyChallenge(challenge.value, verifierKey.publicKey)).toBe(true);

    const open = await test.get(`/v1/receipts/${challenge.value.receipt_id}`);
    expect(open.body).toMatchObject({ outcome: 'open', credited_ops: '0' });
    expect(open.body.receipt).toEqual(attempt.receipt);

    const proven = await test.prove(attempt, challenge.value);
    expect(proven.status).toBe(200);
    expect(parseAcceptedResponse(read(proven.text))).toMatchObject({ ok: true });
    expect(proven.body).toEqual({ status: 'accepted', credited_ops: ops });

    const settled = await test.get(`/v1/receipts/${challenge.value.receipt_id}`);
    expect(settled.body).toMatchObject({
      outcome: 'accepted',
      credited_ops: ops,
      settled_at: test.clock.nowMs(),
    });
    const page = parseWorkerPage(read((await test.get('/v1/workers')).text));
    if (!page.ok) throw new Error(page.problem.detail);
    expect(page.value.workers).toHaveLength(1);
    const [shown] = page.value.workers;
    expect(shown).toMatchObject({ credited_ops: ops, accepted: 1, label: 'test-worker' });
    const one = await test.get(`/v1/workers/${shown!.did}`);
    expect(one.body).toEqual(shown);
  });

  it('answers a replayed receipt and a replayed proof as before, also after the epoch closed', async () => {
    const worker = new TestWorker(2);
    const attempt = await worker.attempt(await test.epoch());
    const first = await test.post('/v1/receipts', attempt.receipt);
    const again = await test.post('/v1/receipts', attempt.receipt);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.text).toBe(first.text);
    const proven = await test.prove(attempt, first.body as Challenge);
    expect(proven.status).toBe(200);

    test.clock.advance(3 * 60_000);
    await test.verifier.epochs.tick();
    const before = await test.recorded();
    const late = await test.post('/v1/receipts', attempt.receipt);
    expect([late.status, late.text]).toEqual([200, first.text]);
    const provenAgain = await test.prove(attempt, first.body as Challenge);
    expect([provenAgain.status, provenAgain.text]).toEqual([200, proven.text]);
    expect(await test.recorded()).toBe(before);
  });

  it('gives sixteen identical receipts at once one 201, fifteen 200 and the same bytes', async () => {
    const attempt = await new TestWorker(3).attempt(await test.epoch());
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => test.post('/v1/receipts', attempt.receipt)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(15);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);

    const proofs = await Promise.all(
      answers.map(({ body }) => test.prove(attempt, body as Challenge)),
    );
    expect(proofs.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect(new Set(proofs.map(({ text }) => text)).size).toBe(1);
    const [worker] = await test.ledger.listWorkers({ limit: 2 });
    expect(worker!.accepted).toBe(1);
    expect(await test.metrics()).toContain('tops_verifier_verify_seconds_count 1\n');
  });

  it('rejects a wrong row for good, revokes the epoch and quarantines the key', async () => {
    const worker = new TestWorker(4);
    const epoch = await test.epoch();
    const honest = await worker.attempt(epoch);
    expect((await test.prove(honest, await test.challenge(honest))).status).toBe(200);
    const stillOpen = await worker.attempt(epoch);
    const openChallenge = await test.challenge(stillOpen);

    const allRows = Array.from({ length: 64 }, (_, row) => row);
    const cheat = await worker.attempt(epoch, { wrongRows: allRows });
    const challenge = await test.challenge(cheat);
    const answer = await test.prove(cheat, challenge);
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status: 'rejected', code: 'row_mismatch' });
    expect(challenge.rows).toContain(answer.body.row);

    const again = await test.prove(cheat, challenge);
    expect([again.status, again.text]).toEqual([422, answer.text]);
    const revoked = await test.prove(stillOpen, openChallenge);
    expect([revoked.status, revoked.body.code]).toEqual([409, 'receipt_revoked']);
    const refused = await test.post('/v1/receipts', (await worker.attempt(epoch)).receipt);
    expect([refused.status, refused.body.code]).toEqual([403, 'key_quarantined']);

    const [record] = (await test.get('/v1/workers')).body.workers;
    expect(record).toMatchObject({ credited_ops: '0', rejected: 1, state: 'quarantined' });
    const evidence = await test.get(`/v1/receipts/${challenge.receipt_id}`);
    expect(evidence.body).toMatchObject({ outcome: 'rejected', row: answer.body.row });
    // Anybody can see it: the key signed a root that the leaf folds to, and recomputation contradicts the leaf.
    const { receipt, rows, leaves, siblings } = evidence.body;
    const shown = await test.post('/verify', { receipt, rows, leaves, siblings });
    expect([shown.status, shown.body.code]).toEqual([422, 'row_mismatch']);
    expect(rows).toContain(shown.body.row);
  });

  it('takes the key again when the quarantine is over', async () => {
    const worker = new TestWorker(5);
    const cheat = await worker.attempt(await test.epoch(), {
      wrongRows: Array.from({ length: 64 }, (_, row) => row),
    });
    expect((await test.prove(cheat, await test.challenge(cheat))).status).toBe(422);
    test.clock.advance(3 * 60_000);
    const attempt = await worker.attempt(await test.epoch());
    expect((await test.prove(attempt, await test.challenge(attempt))).status).toBe(200);
  });
});

describe('a fault of the fast kernel', () => {
  it('does not cost an honest worker anything and is counted', async () => {
    await test.close();
    test = await TestVerifier.start({
      kernel: {
        computeLeaves: (_attempt, rows) => Promise.resolve(new Uint8Array(rows.length * 32)),
      },
    });
    const attempt = await new TestWorker(6).attempt(await test.epoch());
    expect((await test.prove(attempt, await test.challenge(attempt))).status).toBe(200);
    expect(await test.metrics()).toContain('tops_verifier_kernel_disagreements_total 16\n');
  });

  it('that throws leaves the challenge open for another try', async () => {
    await test.close();
    let isBroken = true;
    const reference = createReferenceKernel();
    test = await TestVerifier.start({
      kernel: {
        computeLeaves: (attempt, rows) =>
          isBroken
            ? Promise.reject(new KernelError('thread_failed', 'a thread ended'))
            : reference.computeLeaves(attempt, rows),
      },
    });
    const attempt = await new TestWorker(7).attempt(await test.epoch());
    const challenge = await test.challenge(attempt);
    const failed = await test.prove(attempt, challenge);
    expect([failed.status, failed.body.code]).toEqual([503, 'not_ready']);
    expect(failed.headers.get('retry-after')).toBe('1');
    isBroken = false;
    expect((await test.prove(attempt, challenge)).status).toBe(200);
  });
});

describe('a shutdown', () => {
  it('lets the proof in verification finish and records it', async () => {
    await test.close();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let started: () => void = () => undefined;
    const computing = new Promise<void>((resolve) => (started = resolve));
    const reference = createReferenceKernel();
    test = await TestVerifier.start({
      kernel: {
        async computeLeaves(attempt, rows) {
          started();
          await held;
          return reference.computeLeaves(attempt, rows);
        },
      },
    });
    const attempt = await new TestWorker(9).attempt(await test.epoch());
    const challenge = await test.challenge(attempt);
    const answer = test.prove(attempt, challenge);
    await computing;
    const restarted = test.restart();
    await expect(fetch(`${test.url}/health`)).rejects.toThrow();
    release();
    expect((await answer).status).toBe(200);
    await restarted;
    const evidence = await test.get(`/v1/receipts/${challenge.receipt_id}`);
    expect(evidence.body.outcome).toBe('accepted');
  });
});

describe('VERIFY_DISABLE', () => {
  it('is shouted on every start, whatever LOG_LEVEL hides', async () => {
    await test.close();
    const shouts = () => test.logLines.filter((line) => line.includes('VERIFY_DISABLE=1'));
    test = await TestVerifier.start({ logLevel: 'error', protocol: { skipSignatures: true } });
    expect(shouts()).toHaveLength(1);
    expect(JSON.parse(shouts()[0]!)).toMatchObject({
      level: 'error',
      message: expect.stringContaining('SIGNATURES ARE NOT CHECKED'),
    });
    await test.restart();
    expect(shouts()).toHaveLength(2);
    await test.close();
    test = await TestVerifier.start({ logLevel: 'error' });
    expect(shouts()).toEqual([]);
  });
});
