import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgresLedger } from '@tops/ledger';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { EpochRegressionError } from '../../src/epoch-clock.ts';
import { adminToken, askAdmin, who } from '../admin-requests.ts';
import { ManualClock } from '../manual-clock.ts';
import { startMs, TestVerifier, type TestVerifierOptions } from '../test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test-worker.ts';

const binaries = postgresUnderTest();
const epochMs = 60_000;
/** Grace and challenge deadline of the default limits. */
const sealDelayMs = 5_000 + 10_000;

(binaries === undefined ? describe.skip : describe)('verifiers on one PostgreSQL', () => {
  let cluster: PostgresCluster;
  let schemaCount = 0;
  const running: TestVerifier[] = [];

  beforeAll(async () => {
    if (binaries !== undefined) cluster = await PostgresCluster.create(binaries);
  }, 120_000);
  afterEach(async () => {
    await Promise.all(running.splice(0).map((verifier) => verifier.close()));
    schemaCount++;
  });
  afterAll(() => cluster.remove());

  interface StartOptions extends Pick<TestVerifierOptions, 'admin' | 'limits' | 'protocol'> {
    readonly aheadMs?: number;
    readonly skewMs?: number;
    readonly clock?: ManualClock;
    /** Runs before the first epoch is opened. */
    readonly beforeOpening?: () => Promise<void>;
  }
  const start = async (options: StartOptions = {}) => {
    const { aheadMs, skewMs, beforeOpening, ...rest } = options;
    const schema = `verifier_${schemaCount}`;
    const openLedger = async () => {
      const ledger = await openPostgresLedger(
        { url: cluster.url(), schema },
        { nowMs: () => Date.now() + (skewMs ?? 0) },
      );
      const openEpoch = ledger.openEpoch.bind(ledger);
      let isFirst = true;
      ledger.openEpoch = async (input) => {
        const before = isFirst ? beforeOpening : undefined;
        isFirst = false;
        await before?.();
        return openEpoch(input);
      };
      return ledger;
    };
    const verifier = await TestVerifier.start({
      clock: new ManualClock(startMs + 1000 + (aheadMs ?? 0)),
      ...rest,
      openLedger,
    });
    running.push(verifier);
    return verifier;
  };

  it('take a receipt here and its proof there, under one beacon, and seal one head', async () => {
    const [here, there] = [await start(), await start()];
    const worker = new TestWorker(81);
    const epoch = await here.epoch();
    expect(await there.epoch()).toEqual(epoch);
    const attempt = await worker.attempt(epoch);
    const challenge = await here.challenge(attempt);
    // The same receipt at the other one is the same challenge.
    expect((await there.post('/v1/receipts', attempt.receipt)).body).toEqual(challenge);
    expect((await there.prove(attempt, challenge)).body.status).toBe('accepted');
    expect((await here.prove(attempt, challenge)).body.status).toBe('accepted');
    const unanswered = await here.challenge(await worker.attempt(epoch));

    for (const verifier of [here, there]) verifier.clock.set(epoch.closes_at + sealDelayMs);
    // Neither lets the silent challenge go before both have said what reached them.
    await here.verifier.epochs.tick();
    await there.verifier.epochs.tick();
    await here.verifier.epochs.tick();
    const sealed = (await here.get(`/v1/epochs/${epoch.epoch_id}`)).body;
    expect(sealed).toMatchObject({ sealed: true, entry_count: 2 });
    expect((await there.get(`/v1/epochs/${epoch.epoch_id}`)).body).toEqual(sealed);
    const receipt = (await there.get(`/v1/receipts/${unanswered.receipt_id}`)).body;
    expect(receipt.outcome).toBe('missed');
    expect((await there.get('/v1/workers')).body.workers[0]).toMatchObject({
      accepted: 1,
      missed: 1,
    });
  });

  it('follow the one whose clock is a little ahead, and start beside it', async () => {
    const slow = await start();
    const fast = await start({ aheadMs: epochMs - 1000 });
    slow.clock.set(startMs + epochMs - 1_900);
    const next = await fast.epoch();
    expect(next.opens_at).toBe(startMs + epochMs);
    // It has its epoch already; one that starts now takes the epoch that is there.
    const late = await start({ aheadMs: epochMs - 1000 - 1_900 });
    expect(await late.epoch()).toEqual(next);
    slow.clock.set(startMs + epochMs);
    expect(await slow.epoch()).toEqual(next);
    await expect(start({ aheadMs: epochMs - 1000 - 2_100 })).rejects.toThrow(EpochRegressionError);
  });

  it('take the next epoch when another opens it while they open the one before', async () => {
    const quick = await start();
    const clock = new ManualClock(startMs + epochMs - 10);
    // The moment between reading the clock and reaching the database.
    const beforeOpening = async () => {
      for (const each of [quick.clock, clock]) each.set(startMs + epochMs + 30);
      await quick.epoch();
    };
    const slow = await start({ clock, beforeOpening });
    const next = await quick.epoch();
    expect(next.opens_at).toBe(startMs + epochMs);
    expect(await slow.epoch()).toEqual(next);
    // Not so an epoch of another length, whose ids are those of another clock.
    await expect(start({ clock, limits: { epoch_seconds: 120 } })).rejects.toThrow(
      EpochRegressionError,
    );
  });

  it('take receipts of an epoch that only another has opened yet, or had opened in its time', async () => {
    const [ahead, behind] = [await start(), await start()];
    const worker = new TestWorker(82);
    // Both clocks say that it is time, one within the skew that is allowed; its round has not come yet.
    ahead.clock.set(startMs + epochMs);
    behind.clock.set(startMs + epochMs - 1_990);
    const second = await ahead.epoch();
    const first = await worker.attempt(second);
    const challenge = await behind.challenge(first);
    expect((await ahead.prove(first, challenge)).body.status).toBe('accepted');
    expect(await behind.epoch()).toEqual(second);

    // A round that took longer than an epoch: the one in between is closed, but not its grace time.
    ahead.clock.set(startMs + 2 * epochMs);
    const third = await ahead.epoch();
    for (const each of [ahead, behind]) each.clock.set(startMs + 3 * epochMs + 4_999);
    expect((await behind.epoch()).epoch_id).toBe(third.epoch_id + 1);
    const late = await worker.attempt(third);
    const lateChallenge = await behind.challenge(late);
    expect((await behind.prove(late, lateChallenge)).body.status).toBe('accepted');
    expect((await behind.epoch()).epoch_id).toBe(third.epoch_id + 1);

    // The controls: an epoch too far ahead, one nobody opened, one whose grace is over, one that is sealed.
    ahead.clock.set(startMs + 5 * epochMs);
    behind.clock.set(startMs + 5 * epochMs - 2_001);
    const far = await ahead.epoch();
    const refused = async (epoch: typeof far) =>
      (await behind.post('/v1/receipts', (await worker.attempt(epoch)).receipt)).body.code;
    expect(await refused(far)).toBe('epoch_unknown');
    expect(await refused({ ...far, epoch_id: far.epoch_id + 7 })).toBe('epoch_unknown');
    expect(await refused(third)).toBe('epoch_closed');
    expect(await refused({ ...third, epoch_id: third.epoch_id - 9 })).toBe('epoch_closed');
  });

  it('take no work while the clock is too far from that of the database', async () => {
    const right = await start({ skewMs: 1_000 });
    expect((await right.get('/ready')).status).toBe(200);
    for (const skewMs of [3_000, -3_000]) {
      const wrong = await start({ skewMs });
      const answer = await wrong.get('/ready');
      expect(answer.status).toBe(503);
      expect(answer.body.checks.clock.ok).toBe(false);
      expect((await wrong.get('/health')).status).toBe(200);
    }
  });

  it('hold one key to one rate, however it spreads its receipts and however their clocks differ', async () => {
    const limits = {
      ...{ receipts_per_second_per_key: 5, max_open_challenges_new_key: 32 },
      max_open_challenges: 32,
    };
    const all = await Promise.all([0, 1_000, 2_000].map((aheadMs) => start({ limits, aheadMs })));
    const worker = new TestWorker(82);
    const epoch = await all[0]!.epoch();
    const attempts: TestAttempt[] = [];
    for (let i = 0; i < 24; i++) attempts.push(await worker.attempt(epoch));
    const submit = (from: number, to: number) =>
      Promise.all(
        attempts.slice(from, to).map(({ receipt }, i) => all[i % 3]!.post('/v1/receipts', receipt)),
      );
    const answers = await submit(0, 12);
    const taken = answers.filter(({ status }) => status === 201).length;
    // The clocks stand still, 2 s apart: at most the windows of 0, 1 and 2 s, and never one again.
    expect(taken).toBeGreaterThanOrEqual(5);
    expect(taken).toBeLessThanOrEqual(15);
    const rest = await submit(12, 24);
    const takenLater = rest.filter(({ status }) => status === 201).length;
    expect(taken + takenLater).toBeLessThanOrEqual(15);
    for (const answer of [...answers, ...rest]) {
      if (answer.status === 201) continue;
      expect([answer.status, answer.body.code]).toEqual([429, 'rate_limited']);
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    const later = await start({ limits, aheadMs: 3_000 });
    const next = await worker.attempt(epoch);
    expect((await later.post('/v1/receipts', next.receipt)).status).toBe(201);
  });

  it('hold one key to one rate, exactly, while their clocks agree', async () => {
    const limits = { receipts_per_second_per_key: 4 };
    const all = [await start({ limits }), await start({ limits }), await start({ limits })];
    const worker = new TestWorker(83);
    const epoch = await all[0]!.epoch();
    const attempts: TestAttempt[] = [];
    for (let i = 0; i < 10; i++) attempts.push(await worker.attempt(epoch));
    const answers = await Promise.all(
      attempts.map(({ receipt }, i) => all[i % 3]!.post('/v1/receipts', receipt)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    expect(answers.filter(({ body }) => body.code === 'rate_limited')).toHaveLength(6);
    const recorded = attempts.find((_, i) => answers[i]!.status === 201)!;
    // What is recorded is answered anywhere, however far over its rate the key is.
    for (const verifier of all) {
      expect((await verifier.post('/v1/receipts', recorded.receipt)).status).toBe(200);
    }
  });

  it('obey an operator who talks to another one of them: a quarantine at once, a permission with the next round', async () => {
    const listed = new TestWorker(84);
    const protocol = { allowedKeys: new Set([listed.publicKeyHex]) };
    const here = await start({ protocol, admin: { token: adminToken } });
    const there = await start({ protocol });
    const act = (key: string, name: string, body: object = who) =>
      askAdmin(here, 'POST', `/admin/v1/keys/${key}/${name}`, { body });
    const submit = async (worker: TestWorker) =>
      there.post('/v1/receipts', (await worker.attempt(await there.epoch())).receipt);

    await act(listed.publicKeyHex, 'quarantine', { ...who, epochs: 3 });
    expect((await submit(listed)).body.code).toBe('key_quarantined');
    await act(listed.publicKeyHex, 'release');
    expect((await submit(listed)).status).toBe(201);

    const guest = new TestWorker(85);
    expect((await submit(guest)).body.code).toBe('key_not_allowed');
    await act(guest.publicKeyHex, 'allow');
    await there.verifier.epochs.tick();
    await there.verifier.epochs.tick();
    expect((await submit(guest)).status).toBe(201);
    await act(guest.publicKeyHex, 'disallow');
    await there.verifier.epochs.tick();
    await there.verifier.epochs.tick();
    expect((await submit(guest)).body.code).toBe('key_not_allowed');
  });
});
