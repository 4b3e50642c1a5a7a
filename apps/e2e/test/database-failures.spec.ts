import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type EpochInfo, shapeOps } from '@tops/protocol';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { ManualWorker } from '../src/manual-worker.ts';
import { type Replica, ReplicaNetwork } from '../src/replica-network.ts';
import { getJson } from '../src/replay-ledger.ts';
import { untilReady } from '../src/service-process.ts';

const binaries = postgresUnderTest();
const shape = { m: 64, n: 64, k: 64 };
/** Gives up on the database soon, so that the test sees what is answered then. */
const impatient = { DATABASE_RETRY_MS: '500', DATABASE_CONNECT_TIMEOUT_MS: '500' };

(binaries === undefined ? describe.skip : describe)('a verifier whose database', () => {
  let cluster: PostgresCluster;
  let network: ReplicaNetwork | undefined;
  let schemaCount = 0;

  beforeAll(async () => {
    if (binaries !== undefined) cluster = await PostgresCluster.create(binaries);
  }, 120_000);
  beforeEach(() => {
    schemaCount++;
  });
  afterEach(async () => {
    await network?.close();
    network = undefined;
  });
  afterAll(() => cluster?.remove());

  const open = async (env: Record<string, string>, replicaCount = 1) =>
    (network = await ReplicaNetwork.create(
      {
        replicaCount,
        schema: `failures_${schemaCount}`,
        env: { AUDIT_ROWS_MAX: '8', CHALLENGE_DEADLINE_MS: '60000', ...env },
      },
      cluster,
    ));
  const start = async (env: Record<string, string>) => {
    const started = await open(env);
    await started.ready();
    return started.replica(0);
  };
  const epochOf = async ({ client }: Replica): Promise<EpochInfo> => {
    const epoch = await client.getEpoch();
    if (!epoch.ok) throw new Error(epoch.problem.detail);
    return epoch.value;
  };
  const notReady = { ok: false, status: 503, problem: { code: 'not_ready' } };
  const untilNotReady = async ({ baseUrl }: Replica) => {
    const deadline = Date.now() + 20_000;
    while ((await fetch(`${baseUrl}/ready`)).status !== 503) {
      if (Date.now() > deadline) throw new Error('expected /ready to answer 503 by now');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  /**
   * One receipt recorded before, whose proof meets the failure; one that meets it itself; both again after it. Whatever was
   * refused left no trace, and whatever comes again counts once.
   */
  const goThrough = async (
    replica: Replica,
    failure: { readonly begin: () => Promise<void>; readonly end: () => Promise<void> },
    whileReading: (receiptId: string) => Promise<void>,
  ) => {
    const { client } = replica;
    const epoch = await epochOf(replica);
    const worker = new ManualWorker(shape);
    const [before, during] = [
      await worker.attempt(epoch, new Set()),
      await worker.attempt(epoch, new Set()),
    ];
    const challenge = await client.submitReceipt(before.receipt);
    if (!challenge.ok) throw new Error(challenge.problem.detail);
    const receiptId = challenge.value.receipt_id;
    await failure.begin();
    expect(await client.submitReceipt(during.receipt)).toMatchObject(notReady);
    const refused = await client.submitProof(receiptId, before.prove(challenge.value));
    expect(refused).toMatchObject(notReady);
    expect('retryAfterMs' in refused && refused.retryAfterMs).toBeGreaterThan(0);
    await untilNotReady(replica);
    expect((await fetch(`${replica.baseUrl}/health`)).status).toBe(200);
    await whileReading(receiptId);

    await failure.end();
    await untilReady(replica.baseUrl, replica.process);
    expect(await getJson(`${replica.baseUrl}/v1/receipts/${receiptId}`)).toMatchObject({
      outcome: 'open',
    });
    expect(await client.submitReceipt(before.receipt)).toMatchObject({
      status: 200,
      value: challenge.value,
    });
    const again = await client.submitReceipt(during.receipt);
    if (!again.ok) throw new Error(again.problem.detail);
    expect(again.status).toBe(201);
    for (const [attempt, given] of [
      [before, challenge.value],
      [during, again.value],
    ] as const) {
      expect(await client.submitProof(given.receipt_id, attempt.prove(given))).toMatchObject({
        ok: true,
      });
    }
    const page = await client.listWorkers();
    expect(page.ok && page.value.workers).toMatchObject([
      { accepted: 2, credited_ops: (2n * shapeOps(shape)).toString() },
    ]);
    expect(await replica.process.stop()).toEqual({ code: 0, signal: null });
  };

  it('is down at the start: ends with the address and the reason, without the password', async () => {
    await cluster.stop('fast');
    try {
      const { process } = (await open(impatient)).replica(0);
      expect(await process.exited).toEqual({ code: 1, signal: null });
      const failed = process.records.find(({ message }) => message === 'start failed');
      expect(failed?.['error']).toMatchObject({
        code: 'connection_lost',
        message: expect.stringMatching(
          new RegExp(`^the database postgres at 127.0.0.1:${cluster.port}: .*ECONNREFUSED`),
        ),
      });
      const password = decodeURIComponent(new URL(cluster.tcpUrl()).password);
      expect(JSON.stringify(process.records) + process.stderr).not.toContain(password);
    } finally {
      await cluster.start();
    }
  });

  it('comes up a little after it: is waited for', async () => {
    await cluster.stop('fast');
    let started: ReplicaNetwork;
    try {
      started = await open({ DATABASE_RETRY_MS: '30000' }, 2);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      for (const { process } of started.replicas) expect(process.hasEnded).toBe(false);
    } finally {
      await cluster.start();
    }
    await started.ready();
    const [here, there] = await Promise.all(started.replicas.map(epochOf));
    expect(here).toEqual(there);
  }, 60_000);

  it('goes away in the middle: refuses with 503, is not ready, and goes on when it is back', async () => {
    const replica = await start(impatient);
    await goThrough(
      replica,
      { begin: () => cluster.stop('immediate'), end: () => cluster.start() },
      async () => {
        expect((await fetch(`${replica.baseUrl}/v1/workers`)).status).toBe(503);
      },
    );
  }, 120_000);

  it('only reads: refuses with 503, is not ready, still tells, and goes on when it is promoted', async () => {
    const replica = await start(impatient);
    await goThrough(
      replica,
      {
        begin: async () => {
          await cluster.stop('fast');
          await cluster.start('standby');
        },
        end: async () => {
          await cluster.stop('fast');
          await cluster.start('primary');
        },
      },
      async (receiptId) => {
        const told = await getJson(`${replica.baseUrl}/v1/receipts/${receiptId}`);
        expect(told).toMatchObject({ outcome: 'open' });
        expect(JSON.stringify(replica.process.records)).toContain('read-only transaction');
      },
    );
  }, 120_000);
});
