import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { renderConfigMarkdown } from '@tops/config';
import { bytesToHex, generateSeed, keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { readWorkerConfig, workerConfigSection } from './config.ts';

const dir = mkdtempSync(join(tmpdir(), 'worker-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

const seed = generateSeed();
const seedHex = bytesToHex(seed);

function errorsOf(env: Record<string, string>) {
  const result = readWorkerConfig(env);
  return result.ok ? [] : result.errors;
}

function configOf(env: Record<string, string>) {
  const result = readWorkerConfig(env);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.config;
}

describe('readWorkerConfig', () => {
  it('has a default for everything', () => {
    expect(configOf({})).toMatchObject({
      keyPair: undefined,
      aggregatorUrl: 'http://localhost:8081',
      port: 8082,
      autotune: { targetMs: 300, isDisabled: false },
      hasMetrics: true,
      statusLine: 'auto',
    });
  });

  it('names every error at once and shows no secret', () => {
    const secret = 'f'.repeat(63);
    const errors = errorsOf({
      WORKER_SK_HEX: secret,
      AGGREGATOR_URL: 'ftp://example.org',
      WORKER_PORT: '65536',
      AUTOTUNE_PRESETS: '16384,1000,1024',
      RATE_LIMIT_PER_SECOND: '0',
      CPU_FALLBACK: 'no',
      WORKER_PROT: '8082',
      MAX_RETRYS: '3',
    });
    expect(errors.map(({ variable }) => variable).sort()).toEqual([
      'AGGREGATOR_URL',
      'AUTOTUNE_PRESETS',
      'CPU_FALLBACK',
      'MAX_RETRYS',
      'RATE_LIMIT_PER_SECOND',
      'WORKER_PORT',
      'WORKER_PROT',
      'WORKER_SK_HEX',
    ]);
    expect(JSON.stringify(errors)).not.toContain(secret);
  });

  it('checks the key file and the did:key whatever else is wrong', () => {
    const variables = (env: Record<string, string>) =>
      errorsOf(env)
        .map(({ variable }) => variable)
        .sort();
    const absent = join(dir, 'absent');
    expect(variables({ WORKER_SK_FILE: absent, WORKER_PORT: 'x' })).toEqual([
      'WORKER_PORT',
      'WORKER_SK_FILE',
    ]);
    const path = join(dir, 'own-key');
    writeFileSync(path, seedHex, { mode: 0o600 });
    const foreign = publicKeyToDid(keyPairFromSeed(generateSeed()).publicKey);
    const own = publicKeyToDid(keyPairFromSeed(seed).publicKey);
    for (const key of [{ WORKER_SK_HEX: seedHex }, { WORKER_SK_FILE: path }]) {
      for (const [wrong, name] of [
        [{ WORKER_PORT: 'x' }, 'WORKER_PORT'],
        [{ MAX_RETRYS: '3' }, 'MAX_RETRYS'],
        [{ CPU_FALLBACK: 'no' }, 'CPU_FALLBACK'],
      ] as const) {
        expect(variables({ ...key, ...wrong, DEVICE_DID: foreign })).toEqual(
          ['DEVICE_DID', name].sort(),
        );
        expect(variables({ ...key, ...wrong, DEVICE_DID: own })).toEqual([name]);
      }
    }
    // Which key is meant is open here, so no did:key is called foreign.
    const both = { WORKER_SK_HEX: seedHex, WORKER_SK_FILE: path, DEVICE_DID: foreign };
    expect(variables(both)).toEqual(['WORKER_SK_FILE']);
    expect(variables({ ...both, WORKER_SK_HEX: 'short' })).toEqual(['WORKER_SK_HEX']);
  });

  it('says which preset is wrong, and why', () => {
    const AUTOTUNE_PRESETS = '16384,1024,1024;16384,1000,1024';
    expect(errorsOf({ AUTOTUNE_PRESETS })[0]?.expected).toMatch(/^preset 2 of 2 .*sizes\.n/);
  });

  it('reads which device computes', () => {
    expect(configOf({}).device).toEqual({
      gpu: { allowSoftware: false },
      mayFallBack: true,
      maxResets: 5,
      cpuKernel: 'auto',
      threadCount: undefined,
    });
    const env = { CPU_FALLBACK: '0', WEBGPU_ADAPTER: 'H200', TM: '4', WG_N: '8' };
    expect(configOf(env).device).toMatchObject({
      gpu: { adapter: 'H200', tile: { TM: 4, WG_N: 8 } },
      mayFallBack: false,
    });
  });

  it('takes the key in either case, or from a file', () => {
    const path = join(dir, 'key');
    writeFileSync(path, `${seedHex}\n`, { mode: 0o600 });
    const { publicKey } = keyPairFromSeed(seed);
    for (const env of [
      { WORKER_SK_HEX: seedHex },
      { WORKER_SK_HEX: seedHex.toUpperCase() },
      { WORKER_SK_FILE: path },
    ]) {
      expect(configOf(env).keyPair?.publicKey).toEqual(publicKey);
    }
  });

  it('refuses two keys, a missing key file, and no key in production', () => {
    const path = join(dir, 'absent');
    const both = { WORKER_SK_HEX: seedHex, WORKER_SK_FILE: path };
    expect(errorsOf(both).map(({ variable }) => variable)).toContain('WORKER_SK_FILE');
    expect(errorsOf({ WORKER_SK_FILE: path })).toMatchObject([{ variable: 'WORKER_SK_FILE' }]);
    const production = { NODE_ENV: 'production' };
    expect(errorsOf(production)).toMatchObject([{ variable: 'WORKER_SK_HEX' }]);
    expect(errorsOf({ ...production, WORKER_SK_HEX: seedHex })).toEqual([]);
    // A typing error must not start a production worker with a key it made itself.
    expect(errorsOf({ NODE_ENV: 'prodution' })).toMatchObject([{ variable: 'NODE_ENV' }]);
    expect(errorsOf({ NODE_ENV: 'test' })).toEqual([]);
  });

  it('warns of a key file that others may read', () => {
    const path = join(dir, 'open-key');
    writeFileSync(path, seedHex, { mode: 0o644 });
    expect(readWorkerConfig({ WORKER_SK_FILE: path })).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('chmod 600')],
    });
  });

  it('takes a label or the own did:key, never another key', () => {
    const own = publicKeyToDid(keyPairFromSeed(seed).publicKey);
    const other = publicKeyToDid(keyPairFromSeed(generateSeed()).publicKey);
    const env = { WORKER_SK_HEX: seedHex };
    for (const DEVICE_DID of ['rack-7.gpu_0', own]) {
      expect(errorsOf({ ...env, DEVICE_DID })).toEqual([]);
    }
    for (const DEVICE_DID of ['two words', other, 'did:web:example.org', 'x'.repeat(65)]) {
      expect(errorsOf({ ...env, DEVICE_DID })).toMatchObject([{ variable: 'DEVICE_DID' }]);
    }
  });

  it('documents every variable', () => {
    const markdown = renderConfigMarkdown([workerConfigSection]);
    for (const name of Object.keys(workerConfigSection.schema.fields)) {
      expect(markdown).toContain(`\`${name}\``);
    }
  });
});
