import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { hexToBytes, keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { listNativeIsas } from '@tops/kernel-cpu';
import { fakeEpoch, startFakeVerifier } from '../../test/fake-verifier.ts';
import { runInMemory } from '../../test/run-in-memory.ts';
import {
  atomicsModule,
  canValidate,
  checkMemory,
  checkNode,
  simdModule,
} from '../doctor/machine.ts';
import { inspectSettings } from '../doctor/worker-settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'tops-doctor-'));
afterAll(() => rmSync(directory, { recursive: true }));

const seedHex = '5e'.repeat(32);
const did = publicKeyToDid(keyPairFromSeed(hexToBytes(seedHex)).publicKey);
const keyOf = (env: Record<string, string>) =>
  inspectSettings(env, directory).filter((finding) => finding.check === 'key');

describe('tops doctor', () => {
  it('finds a working machine, its kernel and its verifier, and shows no secret', async () => {
    const verifier = await startFakeVerifier({ '/v1/epoch': { body: fakeEpoch } });
    const env = { WORKER_SK_HEX: seedHex, CPU_THREADS: '1', AGGREGATOR_URL: verifier.url };
    const result = await runInMemory(['doctor', '--json'], { env, cwd: directory });
    await verifier.close();
    const report = JSON.parse(result.stdout) as {
      findings: { check: string; state: string; detail: string }[];
    };
    expect(result.code).toBe(0);
    expect(report).toMatchObject({
      ok: true,
      uses: { backend: 'cpu', threads: 1, verifier: verifier.url },
    });
    const details = Object.fromEntries(report.findings.map(({ check, detail }) => [check, detail]));
    expect(details['cpu kernel']).toContain('equal to the reference kernel');
    const isas = listNativeIsas();
    expect(details['native kernel']).toContain(isas[0] ?? 'not used, addon_missing');
    expect(details['gpu']).toMatch(/^none|software/);
    expect(details['verifier']).toContain('epoch 29000000');
    expect(details['key']).toContain(did);
    expect(details['autotune']).toContain('none yet');
    expect(details['environment']).toContain('WORKER_SK_HEX=64 characters (redacted)');
    expect(result.stdout).not.toContain(seedHex);
  });

  it('says which CPU kernel was asked for, and refuses one that does not exist', async () => {
    const run = (KERNEL_CPU: string) =>
      runInMemory(['doctor', '--url', 'http://127.0.0.1:1'], {
        env: { KERNEL_CPU, CPU_THREADS: '1' },
        cwd: directory,
      });
    const wasm = await run('wasm');
    expect(wasm.code).toBe(0);
    expect(wasm.stdout).toMatch(/native kernel +ok +not used: KERNEL_CPU=wasm/);
    expect(wasm.stdout).toContain('cpu:wasm-simd');
    const unknown = await run('cuda');
    expect(unknown.code).toBe(1);
    expect(unknown.stdout).toContain('KERNEL_CPU');
  });

  it('warns of a verifier that is down, and fails on one that checks another kernel', async () => {
    const verifier = await startFakeVerifier({
      '/v1/epoch': { body: { ...fakeEpoch, kernel_ver: 'gemm_v9' } },
    });
    const other = await runInMemory(['doctor', '--url', verifier.url], { cwd: directory });
    await verifier.close();
    expect(other.code).toBe(1);
    expect(other.stdout).toContain('checks gemm_v9');
    const down = await runInMemory(['doctor', '--url', verifier.url], { cwd: directory });
    expect(down.code).toBe(0);
    expect(down.stdout).toMatch(/verifier +warn/);
  });

  it('reports wrong settings as findings and exits 1', async () => {
    const env = { AGGREGATOR_URL: 'nowhere', CPU_THREADS: 'many', CPU_FALLBACK: '0' };
    const result = await runInMemory(['doctor'], { env, cwd: directory });
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('AGGREGATOR_URL: expected');
    expect(result.stdout).toContain('CPU_THREADS: expected');
    expect((await runInMemory(['doctor', '--url', 'nowhere'], { cwd: directory })).code).toBe(2);
  });
});

describe('settings', () => {
  it('names the key a worker would sign with, wherever it lives', () => {
    const path = join(directory, 'some.key');
    writeFileSync(path, `${seedHex}\n`, { mode: 0o600 });
    expect(keyOf({ WORKER_SK_FILE: 'some.key' })).toMatchObject([
      { state: 'ok', detail: `${path}: ${did}` },
    ]);
    expect(keyOf({ WORKER_SK_FILE: 'none.key' })).toMatchObject([{ state: 'fail' }]);
    expect(keyOf({})).toMatchObject([{ state: 'ok', detail: expect.stringContaining('none yet') }]);
    expect(keyOf({ NODE_ENV: 'production' })).toMatchObject([{ state: 'fail' }]);
    expect(keyOf({ WORKER_SK_HEX: seedHex, WORKER_SK_FILE: path })).toMatchObject([
      { state: 'fail' },
    ]);
  });

  it('names what a worker remembers of its GPU', () => {
    const path = join(directory, 'autotune.json');
    writeFileSync(path, '{}');
    const finding = inspectSettings({ DATA_DIR: '.' }, directory).at(-1);
    expect(finding).toMatchObject({ check: 'autotune', detail: expect.stringContaining(path) });
    rmSync(path);
  });

  it('demands a GPU when CPU_FALLBACK=0', async () => {
    const env = { CPU_FALLBACK: '0', WEBGPU_ADAPTER: 'no such GPU' };
    const result = await runInMemory(['doctor', '--json'], { env, cwd: directory });
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      findings: expect.arrayContaining([
        {
          check: 'backend',
          state: 'fail',
          detail: expect.stringContaining('CPU_FALLBACK=0 demands a GPU'),
        },
      ]),
      uses: { backend: 'none' },
    });
  });
});

describe('machine', () => {
  it('takes Node from 20.19 on', () => {
    const states = ['18.20.0', '20.18.9', '20.19.0', '22.0.0', '24.21.0'].map(
      (version) => checkNode(version).state,
    );
    expect(states).toEqual(['fail', 'fail', 'ok', 'ok', 'ok']);
  });

  it('warns below 1 GiB', () => {
    expect([checkMemory(2 ** 29).state, checkMemory(2 ** 30).state]).toEqual(['warn', 'ok']);
  });

  it('probes SIMD and threads with modules that a broken engine would refuse', () => {
    for (const module of [simdModule, atomicsModule]) {
      expect(canValidate(module)).toBe(true);
      // The control: the same module with its last instruction prefix spoilt.
      const broken = Uint8Array.from(module);
      broken[
        broken.lastIndexOf(0xfd) === -1 ? broken.lastIndexOf(0xfe) : broken.lastIndexOf(0xfd)
      ] = 0xff;
      expect(canValidate(broken)).toBe(false);
    }
  });
});
