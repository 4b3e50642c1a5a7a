import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgresLedger } from '@tops/ledger';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { EpochRegressionError } from '../../src/epoch-clock.ts';
import { ManualClock } from '../manual-clock.ts';
import { startMs, TestVerifier } from '../test-verifier.ts';
import { TestWorker } from '../test-worker.ts';

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

  const start = async (options: { aheadMs?: number; skewMs?: number } = {}) => {
    const schema = `verifier_${schemaCount}`;
    const verifier = await TestVerifier.start({
      clock: new ManualClock(startMs + 1000 + (options.aheadMs ?? 0)),
      openLedger: () =>
        openPostgresLedger(
          { url: cluster.url(), schema },
          { nowMs: () => Date.now() + (options.skewMs ?? 0) },
        ),
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
});
