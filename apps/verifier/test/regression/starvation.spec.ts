import { afterEach, describe, expect, it } from '@jest/globals';
import { createReferenceKernel } from '@tops/kernel-cpu';
import type { Challenge } from '@tops/protocol';
import { TestVerifier } from '../test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test-worker.ts';

let test: TestVerifier;

afterEach(() => test.close());

/** Grace and challenge deadline of the default limits. */
const sealDelayMs = 5_000 + 10_000;

/** Keeps the calls of one of the ledger's methods waiting until `free`; `called` resolves at the first of them. */
function holdUp(method: 'getReceipt' | 'getStanding') {
  const ledger = test.ledger as unknown as Record<
    typeof method,
    (input: unknown) => Promise<unknown>
  >;
  const original = ledger[method].bind(ledger);
  let free: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (free = resolve));
  let report: () => void = () => undefined;
  const called = new Promise<void>((resolve) => (report = resolve));
  ledger[method] = async (input) => {
    report();
    await held;
    return original(input);
  };
  return {
    called,
    free: () => {
      ledger[method] = original;
      free();
    },
  };
}

const outcomeOf = async (id: string) => (await test.get(`/v1/receipts/${id}`)).body.outcome;
const isSealed = async (id: number) => (await test.get(`/v1/epochs/${id}`)).body.sealed;

describe('a challenge', () => {
  it.each([
    ['stays open for an answer in flight that came at the deadline', 0, 'open', 200],
    ['is missed in spite of one that came after it', 1, 'missed', 410],
  ])('%s', async (_name, lateMs, outcome, status) => {
    test = await TestVerifier.start();
    const attempt = await new TestWorker(81).attempt(await test.epoch());
    const challenge = await test.challenge(attempt);
    // What was given out lately is remembered: only a verifier that has forgotten reads it from the ledger.
    await test.restart();
    const reading = holdUp('getReceipt');
    test.clock.set(challenge.deadline_at + lateMs);
    const answer = test.prove(attempt, challenge);
    await reading.called;
    test.clock.set(challenge.deadline_at + 1000);
    await test.verifier.epochs.tick();
    const [record] = await test.ledger.listWorkers({ limit: 1 });
    expect(record!.missed).toBe(outcome === 'missed' ? 1 : 0);
    reading.free();
    expect((await answer).status).toBe(status);
    expect(await outcomeOf(challenge.receipt_id)).toBe(status === 200 ? 'accepted' : 'missed');
  });
});

describe('sealing', () => {
  it('waits for no receipt that came too late, however well signed', async () => {
    test = await TestVerifier.start();
    const epoch = await test.epoch();
    const late = await new TestWorker(82).attempt(epoch);
    test.clock.set(epoch.closes_at + sealDelayMs);
    const reading = holdUp('getReceipt');
    const answer = test.post('/v1/receipts', late.receipt);
    await reading.called;
    await test.verifier.epochs.tick();
    expect(await isSealed(epoch.epoch_id)).toBe(true);
    reading.free();
    expect((await answer).body.code).toBe('epoch_closed');
  });

  it('waits for one that came in time and is not recorded yet', async () => {
    test = await TestVerifier.start();
    const epoch = await test.epoch();
    const inTime = await new TestWorker(83).attempt(epoch);
    const recording = holdUp('getStanding');
    const answer = test.post('/v1/receipts', inTime.receipt);
    await recording.called;
    test.clock.set(epoch.closes_at + sealDelayMs);
    await test.verifier.epochs.tick();
    expect(await isSealed(epoch.epoch_id)).toBe(false);
    recording.free();
    expect((await answer).status).toBe(201);
    test.clock.advance(10_001);
    await test.verifier.epochs.tick();
    expect(await isSealed(epoch.epoch_id)).toBe(true);
  });
});

describe('a recorded receipt sent again by a stranger', () => {
  it('uses up nothing of what its key may submit', async () => {
    test = await TestVerifier.start({ limits: { receipts_per_second_per_key: 2 } });
    const worker = new TestWorker(84);
    const epoch = await test.epoch();
    const challenge = await test.challenge(await worker.attempt(epoch));
    const { receipt } = (await test.get(`/v1/receipts/${challenge.receipt_id}`)).body;
    const next = await worker.attempt(epoch);
    const replays = await Promise.all(
      Array.from({ length: 20 }, () => test.post('/v1/receipts', receipt)),
    );
    expect(replays.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await test.post('/v1/receipts', next.receipt)).status).toBe(201);
  });

  it('with another signature of the same key gets the challenge drawn first', async () => {
    test = await TestVerifier.start();
    const worker = new TestWorker(85);
    const attempt = await worker.attempt(await test.epoch());
    const first = await test.post('/v1/receipts', attempt.receipt);
    const again = { ...attempt.receipt, sig_hex: worker.signAnew(attempt.receipt) };
    expect(again.sig_hex).not.toBe(attempt.receipt.sig_hex);
    const second = await test.post('/v1/receipts', again);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.text).toBe(first.text);
  });
});

describe('one address', () => {
  it('gets a bounded number of malformed proofs over all receipts', async () => {
    test = await TestVerifier.start({
      http: { trustProxyHops: 1 },
      limits: { max_open_challenges_new_key: 20 },
    });
    const worker = new TestWorker(86);
    const epoch = await test.epoch();
    const open: { attempt: TestAttempt; challenge: Challenge }[] = [];
    for (let i = 0; i < 18; i++) {
      const attempt = await worker.attempt(epoch);
      open.push({ attempt, challenge: await test.challenge(attempt) });
    }
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const pathOf = (index: number) => `/v1/receipts/${open[index]!.challenge.receipt_id}/proof`;
    const junk = { leaves: open[0]!.attempt.prove([0]).leaves, siblings: '' };
    const flood = (index: number, count: number) =>
      Promise.all(
        Array.from({ length: count }, () => test.post(pathOf(index), junk, from('192.0.2.1'))),
      );
    const good = (index: number, address: string) => {
      const { attempt, challenge } = open[index]!;
      return test.post(pathOf(index), attempt.prove(challenge.rows), from(address));
    };
    // 256 in all, fewer than one receipt alone allows for the first two.
    const answers = await Promise.all(
      [8, 8, ...Array<number>(15).fill(16)].map((count, index) => flood(index, count)),
    );
    expect(new Set(answers.flat().map(({ body }) => body.code))).toEqual(
      new Set(['proof_malformed']),
    );
    const refused = await good(0, '192.0.2.1');
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
    // Nobody else is meant by that, nor a challenge which this address has not answered yet.
    expect((await good(0, '192.0.2.2')).status).toBe(200);
    expect((await good(17, '192.0.2.1')).status).toBe(200);
    // A settled receipt is no challenge: its id is public, and asking again can wait.
    expect((await good(17, '192.0.2.1')).status).toBe(429);
    expect((await good(17, '192.0.2.2')).status).toBe(200);
  });

  it('waits for its turn in verification when others have proofs too', async () => {
    const reference = createReferenceKernel();
    const order: string[] = [];
    let free: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (free = resolve));
    test = await TestVerifier.start({
      http: { trustProxyHops: 1 },
      protocol: { verifyConcurrency: 1 },
      kernel: {
        async computeLeaves(attempt, rows) {
          await held;
          return reference.computeLeaves(attempt, rows);
        },
      },
    });
    const epoch = await test.epoch();
    const prove = async (seed: number, address: string) => {
      const attempt = await new TestWorker(seed).attempt(epoch);
      const challenge = await test.challenge(attempt);
      const path = `/v1/receipts/${challenge.receipt_id}/proof`;
      const answer = test
        .post(path, attempt.prove(challenge.rows), { 'x-forwarded-for': address })
        .then(({ status }) => order.push(`${address} ${status}`));
      return { answer };
    };
    // Each under a fresh key.
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await prove(870 + i, '192.0.2.1'));
    answers.push(await prove(880, '192.0.2.2'));
    const waiting = 'tops_verifier_verifications_in_flight 5\n';
    while (!(await test.metrics()).includes(waiting)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    free();
    await Promise.all(answers.map(({ answer }) => answer));
    // Behind the running one and the one whose turn it was.
    expect(order.indexOf('192.0.2.2 200')).toBeLessThanOrEqual(2);
    expect(order).toHaveLength(5);
  });
});
