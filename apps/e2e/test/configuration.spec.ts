import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceProcess, freePort } from '../src/service-process.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tops-config-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function failToStart(app: 'worker' | 'verifier', env: Record<string, string>) {
  const service = new ServiceProcess({ app, cwd: dir, env: { DATA_DIR: join(dir, app), ...env } });
  const exit = await service.exited;
  const output =
    service.stderr + service.records.map((record) => JSON.stringify(record)).join('\n');
  return { ...exit, output };
}

const secret = 'D75A980182B10AB7D54BFED3C964073A';

describe.each([
  { app: 'worker' as const, secretVariable: 'WORKER_SK_HEX', portVariable: 'WORKER_PORT' },
  { app: 'verifier' as const, secretVariable: 'VERIFIER_SK_HEX', portVariable: 'PORT' },
])('$app configuration', ({ app, secretVariable, portVariable }) => {
  it('reports every error at once, redacts the secret and exits with 78', async () => {
    const result = await failToStart(app, {
      [secretVariable]: secret,
      [portVariable]: 'eighty',
      LOG_LEVEL: 'loud',
    });
    expect(result.code).toBe(78);
    for (const variable of [secretVariable, portVariable, 'LOG_LEVEL']) {
      expect(result.output).toContain(variable);
    }
    expect(result.output).toContain('eighty');
    expect(result.output).not.toContain(secret);
  });

  it('refuses to make itself a key in production', async () => {
    const result = await failToStart(app, { NODE_ENV: 'production' });
    expect(result.code).toBe(78);
    expect(result.output).toContain(secretVariable);
  });
});

describe('refusals of one app', () => {
  it('the verifier will not skip signatures in production', async () => {
    const result = await failToStart('verifier', {
      NODE_ENV: 'production',
      VERIFY_DISABLE: '1',
      VERIFIER_SK_HEX: '11'.repeat(32),
    });
    expect(result.code).toBe(78);
    expect(result.output).toContain('VERIFY_DISABLE');
  });

  it('the worker demands a GPU with CPU_FALLBACK=0 and says what is missing', async () => {
    const result = await failToStart('worker', {
      CPU_FALLBACK: '0',
      WEBGPU_ADAPTER: 'no such GPU',
      WORKER_PORT: String(await freePort()),
    });
    expect(result.code).toBe(1);
    expect(result.output).toContain('no such GPU');
    expect(result.output).toContain('CPU_FALLBACK=1');
  });

  it('a mistyped variable is named with the one that was meant', async () => {
    const result = await failToStart('worker', { WORKER_PROT: '8082' });
    expect(result.code).toBe(78);
    expect(result.output).toContain('WORKER_PORT');
  });
});
