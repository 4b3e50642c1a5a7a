import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { renderConfigMarkdown } from '@tops/config';
import { hexToBytes } from '@tops/crypto';
import { defaultLimits } from '@tops/protocol';
import { isLoopback } from './admin/admin-config.ts';
import { readConfig, verifierConfigSection } from './config.ts';

const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const directory = mkdtempSync(join(tmpdir(), 'tops-config-'));
afterAll(() => rmSync(directory, { recursive: true }));
const keyFile = (content: string) => {
  const path = join(directory, 'key');
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};
const errorsOf = (env: Record<string, string>) => {
  const result = readConfig(env);
  return result.ok ? [] : result.errors;
};
const variablesOf = (env: Record<string, string>) => errorsOf(env).map(({ variable }) => variable);

describe('readConfig', () => {
  it("defaults to the protocol's limits, open registration and signatures on", () => {
    const result = readConfig({});
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    expect(result.config.protocol.limits).toEqual(defaultLimits);
    expect(result.config.protocol.allowedKeys.size).toBe(0);
    expect(result.config.protocol.skipSignatures).toBe(false);
    expect(result.config.http).toMatchObject({
      port: 8081,
      trustProxyHops: 0,
      metricsEnabled: true,
    });
    expect(result.config.key.kind).toBe('development');
  });

  it('reports every error at once', () => {
    expect(
      variablesOf({ PORT: 'x', MIN_ROWS: '63', EPOCH_SECONDS: '0', VERIFY_DISABLE: 'yes' }),
    ).toEqual(expect.arrayContaining(['PORT', 'MIN_ROWS', 'EPOCH_SECONDS', 'VERIFY_DISABLE']));
  });

  it.each([
    ['absent', () => join(directory, 'absent')],
    ['a directory', () => directory],
    ['of another content', () => keyFile('no seed')],
  ])('reports a key file that is %s among the others', (_name, path) => {
    const env = { VERIFIER_SK_FILE: path(), PORT: 'x', VERIFY_X: '1' };
    expect(variablesOf(env)).toEqual(
      expect.arrayContaining(['PORT', 'VERIFY_X', 'VERIFIER_SK_FILE']),
    );
    expect(variablesOf({ VERIFIER_SK_FILE: env.VERIFIER_SK_FILE })).toEqual(['VERIFIER_SK_FILE']);
    const malformed = { VERIFIER_SK_FILE: env.VERIFIER_SK_FILE, VERIFIER_SK_HEX: 'x' };
    expect(variablesOf(malformed)).toEqual(['VERIFIER_SK_HEX', 'VERIFIER_SK_FILE']);
    // The control: a good file takes the blame for nothing.
    expect(variablesOf({ VERIFIER_SK_FILE: keyFile(`${seed}\n`), PORT: 'x' })).toEqual(['PORT']);
  });

  it('takes the seed from its file', () => {
    const result = readConfig({ VERIFIER_SK_FILE: ` ${keyFile(seed)} ` });
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    expect(result.config.key).toEqual({ kind: 'seed', seed: hexToBytes(seed) });
  });

  it('refuses VERIFY_DISABLE in production only', () => {
    const production = { NODE_ENV: 'production', VERIFIER_SK_HEX: seed };
    expect(variablesOf(production)).toEqual([]);
    expect(variablesOf({ ...production, VERIFY_DISABLE: '1' })).toEqual(['VERIFY_DISABLE']);
    expect(variablesOf({ VERIFY_DISABLE: '1' })).toEqual([]);
  });

  it('refuses to archive rejections whose proofs are gone by then', () => {
    expect(variablesOf({ RETENTION_DAYS: '30' })).toEqual([]);
    expect(variablesOf({ RETENTION_DAYS: '31' })).toEqual(['RETENTION_DAYS']);
    expect(variablesOf({ RETENTION_DAYS: '31', EVIDENCE_DAYS: '31' })).toEqual([]);
  });

  it('demands a key in production, and one source for it', () => {
    expect(variablesOf({ NODE_ENV: 'production' })).toEqual(['VERIFIER_SK_HEX']);
    expect(variablesOf({ NODE_ENV: 'production', VERIFIER_SK_FILE: keyFile(seed) })).toEqual([]);
    expect(variablesOf({ VERIFIER_SK_HEX: seed, VERIFIER_SK_FILE: '/run/key' })).toEqual([
      'VERIFIER_SK_FILE',
    ]);
  });

  it('never shows a secret', () => {
    const errors = errorsOf({ VERIFIER_SK_HEX: `${seed}00`, PORT: 'x' });
    expect(errors).toHaveLength(2);
    expect(JSON.stringify(errors)).not.toContain(seed);
  });

  it.each([
    [{ AUDIT_ROWS_MIN: '65' }, 'AUDIT_ROWS_MIN'],
    [{ AUDIT_ROWS_MAX: '128', MIN_ROWS: '64' }, 'AUDIT_ROWS_MAX'],
    [{ MIN_ROWS: '100' }, 'MIN_ROWS'],
    [{ MAX_OPEN_CHALLENGES: '3' }, 'MAX_OPEN_CHALLENGES_NEW_KEY'],
    [{ GRACE_SECONDS: '61' }, 'GRACE_SECONDS'],
    [{ HEADERS_TIMEOUT_MS: '20000' }, 'HEADERS_TIMEOUT_MS'],
    [{ VERIFY_PUBKEYS: 'aa' }, 'VERIFY_PUBKEYS'],
    [{ VERIFY_PUBKEY: 'aa' }, 'VERIFY_PUBKEY'],
  ])('refuses %j', (env, variable) => {
    expect(variablesOf(env)).toEqual([variable]);
  });

  it('reads the allow-list', () => {
    const result = readConfig({ VERIFY_PUBKEY: `${seed.toUpperCase()}, ${'11'.repeat(32)}` });
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    expect([...result.config.protocol.allowedKeys]).toEqual([seed, '11'.repeat(32)]);
  });

  it("leaves the worker's variables alone: nx serve starts both in one environment", () => {
    expect(
      variablesOf({
        ...{ WORKER_SK_HEX: seed, AGGREGATOR_URL: 'http://localhost:8081', WORKER_PORT: '8082' },
        ...{ WORKER_HOST: '::1', DEVICE_DID: 'x', AUTOTUNE_TARGET_MS: '300', CPU_FALLBACK: '1' },
        ...{ AUTOTUNE_PRESETS: '1,2,3', AUTOTUNE_DISABLE: '1', RATE_LIMIT_PER_SECOND: '5' },
        ...{ MAX_CONCURRENT_REQUESTS: '4', MAX_RETRIES: '3', RETRY_DELAY_MS: '50' },
        ...{
          CPU_THREADS: '2',
          WORKER_DEBUG_RECEIPT: '1',
          STATUS_LINE: 'auto',
          WORKER_SK_FILE: 'x',
        },
      }),
    ).toEqual([]);
  });
});

describe('verifierConfigSection', () => {
  it('documents every variable', () => {
    const markdown = renderConfigMarkdown([verifierConfigSection]);
    for (const name of [...['PORT', 'VERIFY_PUBKEY', 'EPOCH_SECONDS'], 'VERIFIER_', 'VERIFY_']) {
      expect(markdown).toContain(`\`${name}\``);
    }
  });
});

describe('the ledger', () => {
  const url = 'postgres://tops:s3cret@db.example/tops';
  const ledgerOf = (env: Record<string, string>) => {
    const result = readConfig(env);
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    return result.config.ledger;
  };

  it('is the embedded one unless a database is named, in the environment or a file', () => {
    expect(ledgerOf({ DATA_DIR: '/d', DATABASE_POOL_SIZE: '8' })).toEqual({
      kind: 'sqlite',
      dataDir: '/d',
    });
    expect(
      ledgerOf({ DATABASE_URL: url, DATABASE_POOL_SIZE: '8', TOPS_EPOCHS: '3' }),
    ).toMatchObject({
      kind: 'postgres',
      options: { url, poolSize: 8, schema: 'tops', topsEpochs: 3, retryMs: 10_000 },
    });
    expect(ledgerOf({ DATABASE_URL_FILE: keyFile(`${url}\n`) })).toMatchObject({
      options: { url },
    });
  });

  it('reports a wrong address among the others, with what is wrong but without the secret', () => {
    const errors = errorsOf({ DATABASE_URL: `${url}?sslmode=prefer`, PORT: 'x' });
    expect(errors).toHaveLength(2);
    const error = errors.find(({ variable }) => variable === 'DATABASE_URL');
    expect(error?.expected).toMatch(/sslmode of disable, require/);
    expect(JSON.stringify(errors)).not.toContain('s3cret');
    expect(errorsOf({ DATABASE_URL_FILE: keyFile('mysql://u:s3cret@db/x') })).toMatchObject([
      { variable: 'DATABASE_URL_FILE', expected: expect.stringContaining('postgres://') },
    ]);
    expect(variablesOf({ DATABASE_URL: url, DATABASE_URL_FILE: '/x' })).toEqual([
      'DATABASE_URL_FILE',
    ]);
    expect(variablesOf({ DATABASE_SCHEMA: 'Tops"', DATABASE_POOL_SIZE: '3' })).toEqual([
      'DATABASE_SCHEMA',
      'DATABASE_POOL_SIZE',
    ]);
  });
});

describe('the admin API', () => {
  const token = 'correct-horse-battery-staple-011';
  const adminOf = (env: Record<string, string>) => {
    const result = readConfig(env);
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    return result.config.admin;
  };

  it('is off unless it has a port and a token, from the environment or a file', () => {
    expect(adminOf({})).toBeUndefined();
    expect(adminOf({ ADMIN_TOKEN: token })).toBeUndefined();
    expect(adminOf({ ADMIN_TOKEN: token, ADMIN_PORT: '8083' })).toEqual({
      ...{ port: 8083, host: '127.0.0.1', token, warning: undefined },
    });
    const fromFile = { ADMIN_TOKEN_FILE: keyFile(`${token}\n`), ADMIN_PORT: '0' };
    expect(adminOf({ ...fromFile, ADMIN_HOST: '::1' })).toMatchObject({
      ...{ port: 0, host: '::1', token },
    });
  });

  it.each([
    [{ ADMIN_PORT: '8083' }, ['ADMIN_TOKEN']],
    [{ ADMIN_PORT: '8083', ADMIN_TOKEN: token.slice(1) }, ['ADMIN_TOKEN']],
    [{ ADMIN_PORT: '8083', ADMIN_TOKEN: `${token} x` }, ['ADMIN_TOKEN']],
    [{ ADMIN_PORT: '8083', ADMIN_TOKEN: `${token}é` }, ['ADMIN_TOKEN']],
    [{ ADMIN_PORT: '8083', ADMIN_TOKEN: token, ADMIN_TOKEN_FILE: '/x' }, ['ADMIN_TOKEN_FILE']],
    [{ ADMIN_PORT: '8083', ADMIN_TOKEN_FILE: '/nowhere/x' }, ['ADMIN_TOKEN_FILE']],
    [{ ADMIN_PORT: '8081', ADMIN_TOKEN: token }, ['ADMIN_PORT']],
    [{ ADMIN_PORT: '65536', ADMIN_TOKEN: token }, ['ADMIN_PORT']],
    [{ ADMIN_TOKN: token }, ['ADMIN_TOKN']],
    [{ ADMIN_PASSWORD: token }, ['ADMIN_PASSWORD']],
  ])('refuses %j', (env, variables) => {
    const errors = errorsOf(env);
    expect(errors.map(({ variable }) => variable)).toEqual(variables);
    expect(JSON.stringify(errors)).not.toContain(token.slice(1));
  });

  it.each([
    [{ METRICS_PORT: '8081' }, ['METRICS_PORT']],
    [{ METRICS_PORT: '70000' }, ['METRICS_PORT']],
    [{ METRICS_PORT: '9', ADMIN_PORT: '9', ADMIN_TOKEN: token }, ['ADMIN_PORT']],
    [{ METRICS_PORT: '0', PORT: '0', ADMIN_PORT: '0', ADMIN_TOKEN: token }, []],
  ])('has a port for each surface: %j', (env, variables) => {
    expect(errorsOf(env).map(({ variable }) => variable)).toEqual(variables);
  });

  it('knows which addresses are of this machine alone', () => {
    const hosts = ['127.0.0.1', '127.1.2.3', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1'];
    const names = ['127.0.0.1.example', 'localhost.example'];
    expect([...hosts, ...names].filter(isLoopback)).toEqual(hosts.slice(0, 4));
  });

  it('refuses a file with another token, and does not show it', () => {
    const errors = errorsOf({ ADMIN_PORT: '0', ADMIN_TOKEN_FILE: keyFile('hunter2') });
    expect(errors).toMatchObject([{ variable: 'ADMIN_TOKEN_FILE' }]);
    expect(JSON.stringify(errors)).not.toContain('hunter2');
  });
});
