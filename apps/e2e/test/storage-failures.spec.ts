import { chmodSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { publicKeyToDid } from '@tops/crypto';
import { VerifierClient, shapeOps } from '@tops/protocol';
import { type DiskFault, hasDiskFaults, withDiskFault } from '@tops/testing';
import { type ManualAttempt, ManualWorker } from '../src/manual-worker.ts';
import { smallNetwork } from '../src/network.ts';
import { getJson } from '../src/replay-ledger.ts';
import { ServiceProcess, freePort, untilReady } from '../src/service-process.ts';

const shape = { m: 64, n: 64, k: 64 };
const env = { ...smallNetwork, AUDIT_ROWS_MAX: '8', VERIFIER_SK_HEX: '5e'.repeat(32) };

// A user namespace, which not every machine permits: skipped there, and counted as that.
(hasDiskFaults() ? describe : describe.skip)("the embedded ledger's disk", () => {
  let dir: string;
  let dataDir: string;
  let service: ServiceProcess | undefined;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tops-storage-'));
    dataDir = join(dir, 'ledger');
    await mkdir(dataDir);
  });
  afterEach(async () => {
    await service?.stop('SIGKILL');
    service = undefined;
    await rm(dir, { recursive: true });
  });

  const start = (fault: DiskFault | undefined, port = 0) =>
    (service = new ServiceProcess({
      app: 'verifier',
      cwd: dir,
      env: { ...env, PORT: String(port), DATA_DIR: dataDir },
      ...(fault === undefined ? {} : { prefix: withDiskFault(fault) }),
    }));
  const startFails = async (fault: DiskFault) => {
    const failing = start(fault);
    const exit = await failing.exited;
    const record = failing.records.find(({ message }) => message === 'start failed');
    return { ...exit, error: record?.['error'] };
  };

  describe('read-only', () => {
    const readOnly = (kind: string) => ({
      code: 1,
      signal: null,
      error: {
        code: 'read_only',
        message: expect.stringContaining(`data directory that can be written to: ${kind}`),
      },
    });

    it('ends the start with the directory and the reason, and leaves nothing there', async () => {
      const result = await startFails({ kind: 'read-only', dir: dataDir });
      expect(result).toMatchObject(readOnly('EROFS: read-only file system'));
      expect(JSON.stringify(result.error)).toContain(dataDir);
      expect(await readdir(dataDir)).toEqual([]);
    });

    it('by its permissions, or those of the file: the same, and the ledger is whole afterwards', async () => {
      const path = join(dataDir, 'ledger.sqlite');
      const healthy = start(undefined);
      await healthy.waitForRecord(({ message }) => message === 'listening');
      expect(await healthy.stop()).toEqual({ code: 0, signal: null });
      const { size } = await stat(path);
      // The namespace of another fault, in which permissions bind root too.
      const elsewhere = { kind: 'small', dir: join(dir, 'other'), sizeKiB: 4 } as const;
      await mkdir(elsewhere.dir);
      for (const [place, mode] of [
        [dataDir, 0o500],
        [path, 0o400],
      ] as const) {
        const before = (await stat(place)).mode;
        chmodSync(place, mode);
        expect(await startFails(elsewhere)).toMatchObject(readOnly('EACCES: permission denied'));
        chmodSync(place, before);
      }
      expect((await stat(path)).size).toBe(size);
      await start(undefined).waitForRecord(({ message }) => message === 'listening');
    });
  });

  describe('full', () => {
    it('ends the start with the directory and the reason', async () => {
      for (const sizeKiB of [4, 40, 100]) {
        const result = await startFails({ kind: 'small', dir: dataDir, sizeKiB });
        expect(result).toMatchObject({
          code: 1,
          error: { code: 'disk_full', message: expect.stringContaining(dataDir) },
        });
      }
    });

    it('while it runs: refuses with 503, is not ready, records nothing of it, and goes on once there is room', async () => {
      const port = await freePort();
      const baseUrl = `http://127.0.0.1:${port}`;
      const running = start({ kind: 'small', dir: dataDir, sizeKiB: 2_048 }, port);
      await untilReady(baseUrl, running);
      const client = new VerifierClient({ baseUrl, timeoutMs: 10_000 });
      const epoch = await client.getEpoch();
      if (!epoch.ok) throw new Error(epoch.problem.detail);
      const worker = new ManualWorker(shape);
      const acceptOne = async (attempt: ManualAttempt) => {
        const challenge = await client.submitReceipt(attempt.receipt);
        if (!challenge.ok) return challenge;
        return client.submitProof(challenge.value.receipt_id, attempt.prove(challenge.value));
      };
      const attempts: ManualAttempt[] = [];
      for (let i = 0; i < 200; i++) attempts.push(await worker.attempt(epoch.value, new Set()));
      expect(await acceptOne(attempts[0]!)).toMatchObject({ ok: true });
      const open = attempts[1]!;
      const challenge = await client.submitReceipt(open.receipt);
      if (!challenge.ok) throw new Error(challenge.problem.detail);

      const ballast = join(`/proc/${running.pid}/root`, dataDir, 'ballast');
      await writeFile(ballast, Buffer.alloc(2_048 * 1_024)).catch((error: unknown) =>
        expect(error).toMatchObject({ code: 'ENOSPC' }),
      );
      // The log may have had a little room left.
      let acceptedCount = 1;
      let refused: ManualAttempt | undefined;
      for (const attempt of attempts.slice(2)) {
        const result = await acceptOne(attempt);
        if (result.ok) acceptedCount++;
        else {
          expect(result).toMatchObject({ status: 503, problem: { code: 'not_ready' } });
          expect(result.retryAfterMs).toBeGreaterThan(0);
          refused = attempt;
          break;
        }
      }
      expect(refused).toBeDefined();
      const proof = open.prove(challenge.value);
      const { receipt_id: openId } = challenge.value;
      expect(await client.submitProof(openId, proof)).toMatchObject({ ok: false, status: 503 });
      await running.waitForRecord(({ error }) => JSON.stringify(error ?? '').includes('disk_full'));
      await expectReadiness(baseUrl, 503);
      expect((await fetch(`${baseUrl}/health`)).status).toBe(200);
      // The verdict that could not be recorded was not half recorded.
      expect(await getJson(`${baseUrl}/v1/receipts/${openId}`)).toMatchObject({ outcome: 'open' });

      await rm(ballast);
      await expectReadiness(baseUrl, 200);
      expect(await client.submitProof(openId, proof)).toMatchObject({ ok: true });
      expect(await acceptOne(refused!)).toMatchObject({ ok: true });
      acceptedCount += 2;
      const record = await client.getWorker(publicKeyToDid(worker.keyPair.publicKey));
      expect(record).toMatchObject({
        value: {
          accepted: acceptedCount,
          credited_ops: (shapeOps(shape) * BigInt(acceptedCount)).toString(),
        },
      });
      expect(await running.stop()).toEqual({ code: 0, signal: null });
    }, 90_000);
  });
});

async function expectReadiness(baseUrl: string, status: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while ((await fetch(`${baseUrl}/ready`)).status !== status) {
    if (Date.now() > deadline) throw new Error(`expected /ready to answer ${status} by now`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
