import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualWorker } from '../src/manual-worker.ts';
import { TestNetwork } from '../src/network.ts';
import { runCli } from '../src/run-cli.ts';
import { ServiceProcess, freePort } from '../src/service-process.ts';

const token = 'correct-horse-battery-staple-011';
const shape = { m: 64, n: 64, k: 64 };
const none: ReadonlySet<number> = new Set();

let network: TestNetwork | undefined;
afterEach(async () => {
  await network?.close();
  network = undefined;
});

const keyOf = (worker: ManualWorker) => Buffer.from(worker.keyPair.publicKey).toString('hex');

async function startNetwork(env: Record<string, string> = {}) {
  const adminPort = await freePort();
  const started = await TestNetwork.start({
    ADMIN_PORT: String(adminPort),
    ADMIN_TOKEN: token,
    ...env,
  });
  network = started;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const tops = (...args: readonly string[]) =>
    runCli(['admin', ...args], undefined, {
      ADMIN_URL: adminUrl,
      ADMIN_TOKEN: token,
      ADMIN_ACTOR: 'Ada',
    });
  const submit = async (worker: ManualWorker) => {
    const epoch = await started.client.getEpoch();
    if (!epoch.ok) throw new Error(epoch.problem.detail);
    const attempt = await worker.attempt(epoch.value, none);
    return { attempt, result: await started.client.submitReceipt(attempt.receipt) };
  };
  return { started, adminUrl, tops, submit };
}

describe('the admin API of a running verifier', () => {
  it('is not there unless a port is named, whatever the token', async () => {
    const port = await freePort();
    const started = await TestNetwork.start({ ADMIN_TOKEN: token });
    network = started;
    await expect(fetch(`http://127.0.0.1:${port}/admin/v1/keys`)).rejects.toThrow();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${started.baseUrl}/admin/v1/keys`, { headers });
    expect(answer.status).toBe(404);
    const messages = started.verifier.records.map(({ message }) => message);
    expect(messages).toContain('listening');
    expect(messages).not.toContain('admin API listening');
  });

  it('quarantines and releases for all to see, also after a kill; the log keeps who and why', async () => {
    const { started, adminUrl, tops, submit } = await startNetwork();
    const worker = new ManualWorker(shape);
    const key = keyOf(worker);
    expect((await submit(worker)).result.ok).toBe(true);
    const quarantined = await tops('quarantine', key, '--epochs', '3', '--reason', 'two machines');
    expect(quarantined).toMatchObject({ code: 0, stderr: '' });

    await started.verifier.stop('SIGKILL');
    await started.restartVerifier();
    const page = await started.client.listWorkers();
    expect(page.ok && page.value.workers).toMatchObject([
      { public_key_hex: key, state: 'quarantined' },
    ]);
    const refused = (await submit(worker)).result;
    expect(refused).toMatchObject({ ok: false, status: 403, problem: { code: 'key_quarantined' } });
    expect((await tops('release', key, '--reason', 'explained')).code).toBe(0);
    expect((await submit(worker)).result.ok).toBe(true);

    const log = JSON.parse((await tops('log', '--json')).stdout) as { acts: object[] };
    expect(log.acts).toMatchObject([
      { act: 'release', actor: 'Ada', reason: 'explained', public_key_hex: key },
      { act: 'quarantine', actor: 'Ada', reason: 'two machines', public_key_hex: key },
    ]);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    for (const method of ['DELETE', 'PUT', 'PATCH', 'POST']) {
      const answer = await fetch(`${adminUrl}/admin/v1/log`, { method, headers, body: '{}' });
      expect(answer.status).toBe(405);
    }
    const output = started.verifier.stderr + JSON.stringify(started.verifier.records);
    expect(output).not.toContain(token);
    expect(output).not.toContain('explained');
  });

  it('lets a key in where registration is closed, and out again', async () => {
    const { started, tops, submit } = await startNetwork({ VERIFY_PUBKEY: '11'.repeat(32) });
    const guest = new ManualWorker(shape);
    const codeOf = async () => {
      const { result } = await submit(guest);
      return result.ok ? 'taken' : result.problem.code;
    };
    expect(await codeOf()).toBe('key_not_allowed');
    expect((await tops('allow', keyOf(guest), '--reason', 'new in the fleet')).code).toBe(0);
    expect(await codeOf()).toBe('taken');
    await started.verifier.stop('SIGKILL');
    await started.restartVerifier();
    expect(await codeOf()).toBe('taken');
    const keys = await tops('keys');
    expect(keys.stdout).toContain('registration closed');
    expect(keys.stdout).toMatch(new RegExp(`${keyOf(guest)} +new +- +act`));
    expect(keys.stdout).toMatch(new RegExp(`${'11'.repeat(32)} +unseen +- +configuration`));
    const kept = await tops('disallow', '11'.repeat(32), '--reason', 'x');
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain('act_without_effect');
    expect((await tops('disallow', keyOf(guest), '--reason', 'left')).code).toBe(0);
    expect(await codeOf()).toBe('key_not_allowed');
  });

  it('refuses a wrong token, an act without a reason and one without an end, and ends with the process', async () => {
    const { started, adminUrl } = await startNetwork();
    const path = `${adminUrl}/admin/v1/keys/${'22'.repeat(32)}/allow`;
    const post = (body: string, given = token) =>
      fetch(path, {
        method: 'POST',
        headers: { authorization: `Bearer ${given}`, 'content-type': 'application/json' },
        body,
      });
    const act = JSON.stringify({ actor: 'Ada', reason: 'x' });
    const codes = [];
    for (const [body, given] of [
      [act, `${token}x`],
      ['{"actor":"Ada"}', token],
      [JSON.stringify({ actor: 'Ada', reason: 'x'.repeat(10_000) }), token],
      [act, token],
    ] as const) {
      const answer = await post(body, given);
      codes.push([answer.status, ((await answer.json()) as { code?: string }).code]);
    }
    expect(codes).toEqual([
      [401, 'unauthorized'],
      [400, 'field_missing'],
      [413, 'body_too_large'],
      [200, undefined],
    ]);
    // The connection of the last answer is still open.
    expect(await started.verifier.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    await expect(fetch(path)).rejects.toThrow();
  });

  it('reads its token from a file, and says so when others may too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tops-token-'));
    const file = join(directory, 'token');
    await writeFile(file, `${token}\n`, { mode: 0o644 });
    const { started, tops } = await startNetwork({ ADMIN_TOKEN: '', ADMIN_TOKEN_FILE: file });
    expect((await tops('keys')).code).toBe(0);
    const warning = started.verifier.records.find(({ level }) => level === 'warn');
    expect(warning?.message).toContain('admin token');
    await rm(directory, { recursive: true });
  });

  it('must have its port, or the verifier does not start', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const adminPort = typeof address === 'object' ? String(address?.port) : '';
    const directory = await mkdtemp(join(tmpdir(), 'tops-admin-'));
    const start = (env: Record<string, string>) =>
      new ServiceProcess({
        ...{ app: 'verifier', cwd: directory },
        env: { DATA_DIR: directory, HOST: '127.0.0.1', PORT: '0', VERIFY_THREADS: '1', ...env },
      });
    const blocked = start({ ADMIN_PORT: adminPort, ADMIN_TOKEN: token });
    expect((await blocked.exited).code).toBe(1);
    expect(JSON.stringify(blocked.records)).toContain('EADDRINUSE');
    const tokenless = start({ ADMIN_PORT: adminPort });
    expect((await tokenless.exited).code).toBe(78);
    expect(tokenless.stderr).toContain('ADMIN_TOKEN');
    taken.close();
    await rm(directory, { recursive: true });
  });
});
