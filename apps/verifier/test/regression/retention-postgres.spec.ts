import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgresLedger } from '@tops/ledger';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { auditLines, exportLines, makeEpoch, settleFollowers } from '../audited-history.ts';
import { TestVerifier } from '../test-verifier.ts';

const binaries = postgresUnderTest();
const dayMs = 86_400_000;

(binaries === undefined ? describe.skip : describe)('retention of replicas on PostgreSQL', () => {
  let cluster: PostgresCluster;
  let directory: string;
  const running: TestVerifier[] = [];

  beforeAll(async () => {
    if (binaries !== undefined) cluster = await PostgresCluster.create(binaries);
    directory = await mkdtemp(join(tmpdir(), 'tops-retention-'));
  }, 120_000);
  afterEach(async () => {
    await Promise.all(running.splice(0).map((verifier) => verifier.close()));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
    await cluster.remove();
  });

  const archiveDir = () => join(directory, 'archive');
  const start = async (other?: TestVerifier) => {
    const verifier = await TestVerifier.start({
      ...(other === undefined ? {} : { clock: other.clock }),
      audit: { retention: { keepMs: dayMs, archiveDir: archiveDir() } },
      openLedger: () =>
        openPostgresLedger({ url: cluster.url(), schema: 'retention' }, { nowMs: Date.now }),
    });
    running.push(verifier);
    return verifier;
  };

  it('writes each archive once and whole, deletes what it holds, and keeps the sums', async () => {
    const here = await start();
    const first = await makeEpoch(here, 10);
    const second = await makeEpoch(here, 20);
    const whole = await exportLines(here, { from: first.epochId, to: first.epochId });
    const paths = [first, second].map(({ epochId }) => `/v1/epochs/${epochId}/credits.csv`);
    const sums = () => Promise.all(paths.map(async (path) => (await here.get(path)).text));
    const before = await sums();

    const there = await start(here);
    here.clock.advance(dayMs + 60_000);
    await Promise.all([here, there].map((verifier) => verifier.verifier.epochs.tick()));
    await Promise.all([here, there].map(settleFollowers));

    expect((await readdir(archiveDir())).sort()).toEqual(
      [first, second].map(({ epochId }) => `epoch-${epochId}.jsonl`).sort(),
    );
    const archives = await Promise.all(
      [first, second].map(async ({ epochId }) => {
        const text = await readFile(join(archiveDir(), `epoch-${epochId}.jsonl`), 'utf8');
        return text
          .trimEnd()
          .split('\n')
          .map((line) => `${line}\n`);
      }),
    );
    expect(archives[0]).toEqual(whole);
    expect(await auditLines(archives)).toMatchObject({
      findings: [],
      summary: { receiptCount: 10, proofsRecomputed: 2 },
    });
    for (const verifier of [here, there]) {
      for (const id of Object.values(first.ids)) {
        expect(await verifier.get(`/v1/receipts/${id}`)).toMatchObject({
          status: 410,
          body: { code: 'receipt_archived' },
        });
      }
      expect(await verifier.metrics()).toContain('tops_verifier_retention_failures_total 0');
    }
    expect(await sums()).toEqual(before);
    const rolled = await Promise.all(
      [here, there].map(async (verifier) =>
        Number(/^tops_verifier_rolled_receipts_total (\d+)$/m.exec(await verifier.metrics())?.[1]),
      ),
    );
    expect(rolled.reduce((sum, count) => sum + count, 0)).toBe(10);
  }, 60_000);
});
