import { afterEach, describe, expect, it } from '@jest/globals';
import { shapeOps } from '@tops/protocol';
import { TestNetwork } from '../src/network.ts';
import { replayLedger } from '../src/replay-ledger.ts';
import type { ServiceProcess } from '../src/service-process.ts';

const opsPerReceipt = shapeOps({ m: 256, n: 64, k: 64 });

let network: TestNetwork | undefined;

afterEach(async () => {
  await network?.close();
  network = undefined;
});

function acceptedIds(worker: ServiceProcess): string[] {
  return worker.records
    .filter((record) => record.message === 'receipt accepted')
    .map((record) => String(record['receiptId']));
}

async function onlyWorker(of: TestNetwork) {
  const page = await of.client.listWorkers({ limit: 10 });
  if (!page.ok) throw new Error(page.problem.detail);
  expect(page.value.workers).toHaveLength(1);
  return page.value.workers[0]!;
}

/** Replays the published history again and again until the epoch is sealed in it. */
async function replayOnceSealed(baseUrl: string, epochId: number) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const replayed = await replayLedger(baseUrl);
    if (replayed.latestSealedId >= epochId) return replayed;
    if (Date.now() > deadline) throw new Error(`epoch ${epochId} was not sealed in a minute`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

describe('worker against verifier', () => {
  it('loses and doubles nothing while the verifier is killed and restarted three times, over several epochs', async () => {
    network = await TestNetwork.start({
      EPOCH_SECONDS: '3',
      GRACE_SECONDS: '1',
      CHALLENGE_DEADLINE_MS: '2000',
    });
    const worker = await network.startWorker();
    for (let kill = 0; kill < 3; kill++) {
      const target = acceptedIds(worker).length + 12;
      await worker.waitUntil(() => acceptedIds(worker).length >= target);
      await network.verifier.stop('SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 700));
      await network.restartVerifier();
    }
    const target = acceptedIds(worker).length + 12;
    await worker.waitUntil(() => acceptedIds(worker).length >= target);
    expect(await worker.stop('SIGTERM')).toEqual({ code: 0, signal: null });

    const lastEpoch = await network.client.getEpoch();
    if (!lastEpoch.ok) throw new Error(lastEpoch.problem.detail);
    const { entries } = await replayOnceSealed(network.baseUrl, lastEpoch.value.epoch_id);
    const ids = entries.map((entry) => entry.receipt_id);
    expect(new Set(ids).size).toBe(ids.length);

    const accepted = entries.filter((entry) => entry.outcome === 'accepted');
    const acceptedByLedger = new Set(accepted.map((entry) => entry.receipt_id));
    const acknowledged = acceptedIds(worker);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(acknowledged.filter((receiptId) => !acceptedByLedger.has(receiptId))).toEqual([]);

    const record = await onlyWorker(network);
    const replayedOps = accepted.reduce((sum, entry) => sum + BigInt(entry.credited_ops), 0n);
    expect(record.accepted).toBe(accepted.length);
    expect(BigInt(record.credited_ops)).toBe(replayedOps);
    expect(replayedOps).toBe(opsPerReceipt * BigInt(accepted.length));
    expect(entries.filter((entry) => entry.outcome === 'rejected')).toEqual([]);
  }, 120_000);

  it('two workers with one key never collide on a nonce', async () => {
    network = await TestNetwork.start();
    const key = {
      WORKER_SK_HEX: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    };
    const workers = [await network.startWorker(key), await network.startWorker(key)];
    for (const worker of workers) await worker.waitUntil(() => acceptedIds(worker).length >= 15);
    for (const worker of workers) {
      expect(await worker.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(JSON.stringify(worker.records)).not.toContain('nonce_already_used');
    }
    const record = await onlyWorker(network);
    expect(record.accepted).toBeGreaterThanOrEqual(30);
  }, 60_000);

  it('the verifier finishes what is in flight on SIGTERM and exits with 0', async () => {
    network = await TestNetwork.start();
    const worker = await network.startWorker();
    await worker.waitUntil(() => acceptedIds(worker).length >= 5);
    expect(await network.verifier.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 60_000);

  it('never prints a secret', async () => {
    const seed = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';
    network = await TestNetwork.start({ VERIFIER_SK_HEX: seed, LOG_LEVEL: 'debug' });
    const worker = await network.startWorker({ WORKER_SK_HEX: seed, WORKER_DEBUG_RECEIPT: '1' });
    await worker.waitUntil(() => acceptedIds(worker).length >= 3);
    for (const service of [worker, network.verifier]) {
      expect(JSON.stringify(service.records) + service.stderr).not.toContain(seed);
    }
  }, 60_000);
});
