import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LedgerStore } from '@tops/ledger';
import {
  auditLines,
  exportLines,
  makeEpoch,
  sealEpoch,
  settleFollowers,
} from '../audited-history.ts';
import { TestVerifier, type TestVerifierOptions } from '../test-verifier.ts';
import { TestWorker } from '../test-worker.ts';

const dayMs = 86_400_000;
let directory: string;
let test: TestVerifier | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tops-retention-'));
});
afterEach(async () => {
  await test?.close();
  test = undefined;
  await rm(directory, { recursive: true, force: true });
});

const archiveDir = () => join(directory, 'archive');
const start = async (options: TestVerifierOptions = {}) =>
  (test = await TestVerifier.start({
    audit: { retention: { keepMs: dayMs, archiveDir: archiveDir() } },
    ...options,
  }));

async function archived(epochId: number): Promise<string[]> {
  const text = await readFile(join(archiveDir(), `epoch-${epochId}.jsonl`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${line}\n`);
}

/** A day and more later, in an epoch of its own that is sealed too. */
async function aDayLater(verifier: TestVerifier) {
  verifier.clock.advance(dayMs + 60_000);
  const made = await makeEpoch(verifier, 70);
  await settleFollowers(verifier);
  return made;
}

describe('retention', () => {
  it('rolls old receipts into archives that replay with what remains', async () => {
    const verifier = await start();
    const first = await makeEpoch(verifier, 10);
    const second = await makeEpoch(verifier, 20);
    const paths = [first.epochId, second.epochId].flatMap((id) => [
      `/v1/epochs/${id}/credits.csv`,
      `/v1/workers?limit=10`,
    ]);
    const texts = async () =>
      Promise.all(paths.map(async (path) => (await verifier.get(path)).text));
    const young = await verifier.get('/v1/epochs');
    const third = await aDayLater(verifier);

    expect((await readdir(archiveDir())).sort()).toEqual(
      [first, second].map(({ epochId }) => `epoch-${epochId}.jsonl`).sort(),
    );
    // The second one is older than the first; the one that was open when the day began is not there yet.
    const remaining = await exportLines(verifier, { from: second.epochId + 1 });
    const archives = [await archived(first.epochId), await archived(second.epochId), remaining];
    const { findings, summary } = await auditLines(archives);
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ receiptCount: 15, proofsRecomputed: 3 });
    expect(summary.lastEpochId).toBe(third.epochId);

    for (const id of Object.values(first.ids)) {
      for (const path of [`/v1/receipts/${id}`, `/v1/receipts/${id}/inclusion`]) {
        expect(await verifier.get(path)).toMatchObject({
          status: 410,
          body: { code: 'receipt_archived' },
        });
      }
      expect(await verifier.ledger.getEvidence(id)).toBeUndefined();
    }
    expect(await verifier.get(`/v1/epochs/${first.epochId}/receipts`)).toMatchObject({
      status: 410,
      body: { code: 'receipt_archived' },
    });
    await expect(exportLines(verifier, { from: 0 })).rejects.toMatchObject({
      code: 'epoch_archived',
    });
    expect((await verifier.get(`/v1/receipts/${third.ids.accepted}`)).status).toBe(200);
    const epochs = (await verifier.get('/v1/epochs?from=0')).body.epochs;
    for (const before of young.body.epochs) {
      if (before.epoch_id > second.epochId) continue;
      expect(epochs).toContainEqual({ ...before, archived: true });
    }
    const csv = await texts();
    expect(csv[0]).toContain('did:key:');
    expect(await verifier.metrics()).toContain('tops_verifier_rolled_receipts_total 10');
  });

  it('keeps the sums of every key, and takes no receipt of a rolled epoch', async () => {
    const verifier = await start();
    const { epochId } = await makeEpoch(verifier, 10);
    const epoch = (await verifier.get(`/v1/epochs/${epochId}`)).body;
    const credits = (await verifier.get(`/v1/epochs/${epochId}/credits.csv`)).text;
    // What is earned; TOPS change with the epochs that are sealed meanwhile.
    const earned = async () => {
      const worker = await verifier.ledger.getWorker(new TestWorker(10).publicKeyHex);
      return { ...worker, verifiedTops: 0 };
    };
    const before = await earned();
    verifier.clock.advance(dayMs + 60_000);
    await verifier.verifier.epochs.tick();
    await settleFollowers(verifier);
    expect((await verifier.get(`/v1/epochs/${epochId}/credits.csv`)).text).toBe(credits);
    expect(before).toMatchObject({ accepted: 2, missed: 1 });
    expect(await earned()).toEqual(before);
    const late = await new TestWorker(10).attempt(epoch);
    expect(await verifier.post('/v1/receipts', late.receipt)).toMatchObject({
      status: 409,
      body: { code: 'epoch_closed' },
    });
  });

  it('goes on wherever it was killed: before, at and after the mark', async () => {
    const verifier = await start();
    const { epochId, ids } = await makeEpoch(verifier, 10);
    const whole = await exportLines(verifier, { from: epochId, to: epochId });

    // Killed after the archive was renamed and before the mark: the file is kept as it is.
    const failing = failNext(verifier.ledger, 'markArchived');
    await aDayLater(verifier);
    expect(failing.count()).toBe(1);
    expect(await archived(epochId)).toEqual(whole);
    expect((await verifier.get(`/v1/receipts/${ids.accepted}`)).status).toBe(200);
    expect(await verifier.metrics()).toContain('tops_verifier_retention_failures_total 1');

    // Killed in the midst of deleting: marked, and some receipts are left.
    await verifier.ledger.archive.markArchived({ epochId, atMs: 1 });
    await verifier.ledger.archive.rollReceipts({ epochId, limit: 2 });
    await verifier.restart();
    await verifier.verifier.epochs.tick();
    await settleFollowers(verifier);
    expect((await verifier.get(`/v1/receipts/${ids.missed}`)).status).toBe(410);
    expect(await archived(epochId)).toEqual(whole);
    expect(await verifier.ledger.archive.epochReceipts(epochId, { limit: 9 })).toEqual([]);
  });

  it('deletes nothing while an archive does not replay, and replaces one that is damaged', async () => {
    const verifier = await start();
    const { epochId, ids } = await makeEpoch(verifier, 10);
    const whole = await exportLines(verifier, { from: epochId, to: epochId });
    const { ledger } = verifier;
    const honest = ledger.epochCredits.bind(ledger);
    // A ledger that says something else than its receipts do.
    ledger.epochCredits = async (...args) =>
      (await honest(...args)).map((row) => ({ ...row, creditedUnits: row.creditedUnits + 1n }));
    await aDayLater(verifier);
    expect(await readdir(archiveDir())).toEqual([]);
    expect((await verifier.get(`/v1/receipts/${ids.accepted}`)).status).toBe(200);
    expect(verifier.logLines.join('')).toContain('credits_mismatch');

    ledger.epochCredits = honest;
    await writeFile(join(archiveDir(), `epoch-${epochId}.jsonl`), whole.slice(1).join(''));
    verifier.clock.advance(61_000);
    await sealEpoch(verifier, verifier.clock.nowMs());
    expect(await archived(epochId)).toEqual(whole);
    expect((await verifier.get(`/v1/receipts/${ids.accepted}`)).status).toBe(410);
  });

  it('deletes nothing of an epoch whose archive was marked elsewhere and is not here', async () => {
    const verifier = await start();
    const { epochId, ids } = await makeEpoch(verifier, 10);
    const whole = await exportLines(verifier, { from: epochId, to: epochId });
    // By a verifier with a directory of its own, which then died.
    await verifier.ledger.archive.markArchived({ epochId, atMs: 1 });
    await aDayLater(verifier);
    expect(await verifier.ledger.getReceipt(ids.accepted)).toBeDefined();
    expect(await verifier.metrics()).toContain('tops_verifier_retention_failures_total 1');

    await mkdir(archiveDir(), { recursive: true });
    await writeFile(join(archiveDir(), `epoch-${epochId}.jsonl`), whole.join(''));
    verifier.clock.advance(61_000);
    await sealEpoch(verifier, verifier.clock.nowMs());
    expect(await verifier.ledger.getReceipt(ids.accepted)).toBeUndefined();
  });

  it('is off unless it is asked for', async () => {
    const verifier = (test = await TestVerifier.start());
    const { ids } = await makeEpoch(verifier, 10);
    await aDayLater(verifier);
    expect(verifier.verifier.followers).toEqual([]);
    expect((await verifier.get(`/v1/receipts/${ids.accepted}`)).status).toBe(200);
  });
});

/** Makes one call of the archive fail, as if the process ended there. */
function failNext(ledger: LedgerStore, method: 'markArchived') {
  const { archive } = ledger;
  const original = archive[method].bind(archive);
  let count = 0;
  archive[method] = async (input) => {
    if (++count === 1) throw new Error('killed');
    return original(input);
  };
  return { count: () => count };
}
