import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { auditArchive } from '../src/audit-archive.ts';
import { Dice } from '../src/dice.ts';
import { auditLedger, untilSealed } from '../src/ledger-audit.ts';
import { LoadBook } from '../src/load-worker.ts';
import { ManualWorker } from '../src/manual-worker.ts';
import { ReplicaNetwork } from '../src/replica-network.ts';
import { shape, underLoad } from '../src/under-load.ts';

const binaries = postgresUnderTest();
const replicaCount = 3;
const loadMs = 60_000;
const killEveryMs = 10_000;
/** Epochs short enough for a dozen of them to open and seal; deadlines long enough for a database's recovery. */
const timing = { EPOCH_SECONDS: '5', GRACE_SECONDS: '2', CHALLENGE_DEADLINE_MS: '10000' };
/** The comparison asks for every receipt at once, all from here. */
const limits = { AUDIT_ROWS_MAX: '8', REQUESTS_PER_SECOND_PER_ADDRESS: '1000000' };

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

(binaries === undefined ? describe.skip : describe)('three verifiers on one PostgreSQL', () => {
  let cluster: PostgresCluster | undefined;
  let network: ReplicaNetwork | undefined;

  beforeAll(async () => {
    if (binaries !== undefined) cluster = await PostgresCluster.create(binaries);
  }, 120_000);
  afterEach(async () => {
    await network?.close();
    network = undefined;
  });
  afterAll(() => cluster?.remove());

  /** Kills a verifier every ten seconds, and the database once in between. @returns the number of verifiers killed. */
  async function wreck(of: ReplicaNetwork, dice: Dice): Promise<number> {
    const startedAt = performance.now();
    const database = (async () => {
      await sleep(22_000 + dice.below(6_000));
      await cluster?.stop('immediate');
      await cluster?.start();
    })();
    let killCount = 0;
    const verifiers = (async () => {
      for (let at = killEveryMs; at < loadMs; at += killEveryMs) {
        await sleep(startedAt + at - performance.now());
        await of.crash(dice.below(replicaCount), dice.below(1500));
        killCount++;
      }
    })();
    await Promise.all([database, verifiers, sleep(loadMs)]);
    return killCount;
  }

  /** Commits junk here and proves it there: what one verifier finds out, all know at once. */
  async function cheatOnce(of: ReplicaNetwork, book: LoadBook): Promise<void> {
    const cheater = new ManualWorker(shape);
    const epoch = await of.replica(0).client.getEpoch();
    if (!epoch.ok) throw new Error(epoch.problem.detail);
    book.noteBeacon(epoch.value.epoch_id, epoch.value.prev_hash_hex);
    const allRows = new Set(Array.from({ length: shape.m }, (_, row) => row));
    const junk = await cheater.attempt(epoch.value, allRows);
    const challenge = await of.replica(1).client.submitReceipt(junk.receipt);
    if (!challenge.ok) throw new Error(challenge.problem.detail);
    book.noteChallenge(challenge.value);
    const { receipt_id: receiptId } = challenge.value;
    expect(
      await of.replica(2).client.submitProof(receiptId, junk.prove(challenge.value)),
    ).toMatchObject({ status: 422, problem: { code: 'row_mismatch' } });
    const honest = await cheater.attempt(epoch.value, new Set());
    for (const client of of.clients) {
      expect(await client.submitReceipt(honest.receipt)).toMatchObject({
        problem: { code: 'key_quarantined' },
      });
    }
  }

  it('lose nothing, credit nothing twice and draw one beacon an epoch, while each and the database crash under load', async () => {
    const dice = Dice.print('replicas');
    network = await ReplicaNetwork.start(
      { replicaCount, schema: 'replicas', env: { ...timing, ...limits } },
      cluster!,
    );
    const running = network;
    const book = new LoadBook();
    const killCount = await underLoad(
      () => running.clients,
      { book, dice: dice.derive(1) },
      () => wreck(running, dice.derive(2)),
    );

    await cheatOnce(network, book);
    const epochIds = [...book.beacons.keys()];
    await untilSealed(network.replica(0).baseUrl, Math.max(...epochIds));
    const findings = await auditLedger(
      network.replicas.map((replica) => replica.baseUrl),
      book,
    );
    process.stderr.write(`${book}, ${killCount} verifiers killed\n`);
    expect(findings).toEqual({
      entryCount: book.recorded.size,
      latestSealedId: expect.any(Number),
      acceptedOnlyAtClient: [],
      acceptedOnlyInLedger: [],
      lost: [],
      noncesTwice: [],
      faults: [],
    });
    for (const { baseUrl } of network.replicas) {
      const audited = await auditArchive(baseUrl, network.dataDir);
      process.stderr.write(audited.stdout);
      expect(audited).toMatchObject({ code: 0, stderr: '' });
    }
    // What an honest worker may be refused for: a beacon that was over when the crash was.
    expect([...book.refusals.keys()].filter((name) => !name.endsWith('epoch_closed'))).toEqual([]);
    expect(book.rivalCount).toBeGreaterThan(0);
    expect(book.retryCount).toBeGreaterThan(0);
    expect(killCount).toBe(loadMs / killEveryMs - 1);
    expect(epochIds.length).toBeGreaterThanOrEqual(8);
    expect(book.accepted.size).toBeGreaterThan(160);
  }, 300_000);
});
