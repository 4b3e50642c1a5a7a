import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runInMemory } from '../../test/run-in-memory.ts';

const token = 'correct-horse-battery-staple-011';
const key = 'ef'.repeat(32);
const adminKey = {
  ...{ public_key_hex: key, label: null, state: 'quarantined', quarantined_until_epoch: 9 },
  did: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
  ...{ allowed_by: 'act', allowed_at: 1, credited_ops: '0', last_seen_at: null },
  ...{ accepted: 3, rejected: 1, missed: 0, revoked: 0 },
};
const adminAct = {
  ...{ sequence: 5, at: 1_740_000_000_000, actor: 'Ada', reason: 'two machines' },
  ...{ act: 'quarantine', public_key_hex: key, until_epoch: 9 },
};

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

let server: Server;
let seen: Seen[];
let answer: { status: number; body: unknown; headers?: Record<string, string> };

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      const { method, url, headers } = request;
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      seen.push({ method, url, authorization: headers.authorization, body });
      const type = answer.status < 400 ? 'application/json' : 'application/problem+json';
      response.writeHead(answer.status, { 'content-type': type, ...answer.headers });
      response.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const urlOf = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runInMemory(['admin', ...args], {
    env: { ADMIN_TOKEN: token, ADMIN_URL: urlOf(), USER: 'ada', ...env },
  });

describe('tops admin', () => {
  it.each([
    [['allow'], 'allow', {}],
    [['disallow'], 'disallow', {}],
    [['release'], 'release', {}],
    [['quarantine', '--epochs', '5'], 'quarantine', { epochs: 5 }],
    [['quarantine', '--until-epoch', '9'], 'quarantine', { until_epoch: 9 }],
  ])('sends %j with who, why and the token in its header', async (args, act, more) => {
    answer = { status: 200, body: { act: adminAct, key: adminKey } };
    const [command = '', ...options] = args;
    const result = await run([command, key, ...options, '--reason', 'two machines']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/act +quarantine until 9 \(#5\)/);
    expect(result.stdout).toMatch(/receipts taken again +from epoch 9/);
    expect(seen).toEqual([
      {
        ...{ method: 'POST', url: `/admin/v1/keys/${key}/${act}` },
        authorization: `Bearer ${token}`,
        body: { actor: 'ada', reason: 'two machines', ...more },
      },
    ]);
  });

  it('takes who from --actor, then ADMIN_ACTOR, then USER, and from nowhere else', async () => {
    answer = { status: 200, body: { act: adminAct, key: adminKey } };
    const release = ['release', key, '--reason', 'x'];
    await run([...release, '--actor', 'Bo'], { ADMIN_ACTOR: 'Cy' });
    await run(release, { ADMIN_ACTOR: 'Cy' });
    expect(seen.map(({ body }) => (body as { actor: string }).actor)).toEqual(['Bo', 'Cy']);
    const nobody = await run(release, { USER: ' ' });
    expect(nobody).toMatchObject({ code: 2, stdout: '' });
    expect(nobody.stderr).toContain('ADMIN_ACTOR');
    expect(seen).toHaveLength(2);
  });

  it('shows keys and the log as tables and as JSON, with the way to the next page', async () => {
    answer = {
      status: 200,
      body: { registration: 'closed', keys: [adminKey], next_cursor: key },
    };
    const keys = await run(['keys', '--limit', '7', '--cursor', key]);
    expect(seen[0]?.url).toBe(`/admin/v1/keys?limit=7&cursor=${key}`);
    expect(keys.stdout).toMatch(new RegExp(`${key} +quarantined +9 +act +3 +1 +0`));
    expect(keys.stdout).toContain(`more: --cursor ${key}`);
    answer = { status: 200, body: { acts: [adminAct], next_before: 5 } };
    const log = await run(['log']);
    expect(log.stdout).toMatch(
      /5 +2025-02-19T21:20:00.000Z +Ada +quarantine until 9 .* two machines/,
    );
    expect(log.stdout).toContain('more: --before 5');
    const json = await run(['log', '--json', '--before', '9']);
    expect(seen[2]?.url).toBe('/admin/v1/log?limit=100&before=9');
    expect(JSON.parse(json.stdout)).toEqual({ acts: [adminAct], next_before: 5 });
  });

  it.each([
    ['no token', {}, { ADMIN_TOKEN: '' }],
    ['a short token', {}, { ADMIN_TOKEN: token.slice(1) }],
    ['a plain address elsewhere', {}, { ADMIN_URL: 'http://verifier.example:8083' }],
    ['an address that only looks near', {}, { ADMIN_URL: 'http://127.0.0.1.example:8083' }],
    ['an address with a password', {}, { ADMIN_URL: `http://u:${token}@127.0.0.1:1` }],
  ])('sends nothing with %s, and does not show the token', async (_name, _options, env) => {
    const result = await run(['keys'], env);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).not.toContain(token.slice(1));
    expect(seen).toEqual([]);
  });

  it.each([
    ['no reason', ['allow', key]],
    ['no key', ['allow', '--reason', 'x']],
    ['a key in capitals', ['allow', key.toUpperCase(), '--reason', 'x']],
    ['a token as an option', ['keys', '--token', token]],
    ['no end', ['quarantine', key, '--reason', 'x']],
    ['two ends', ['quarantine', key, '--reason', 'x', '--epochs', '1', '--until-epoch', '2']],
  ])('is unusable with %s', async (_name, args) => {
    expect((await run(args)).code).toBe(2);
    expect(seen).toEqual([]);
  });

  it('exits 1 with the code when refused, redirected or not reached, and never follows with the token', async () => {
    answer = { status: 401, body: { code: 'unauthorized', detail: 'expected the token' } };
    const refused = await run(['keys']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('401 unauthorized: expected the token');
    answer = { status: 307, body: {}, headers: { location: `${urlOf()}/elsewhere` } };
    expect((await run(['keys'])).code).toBe(1);
    expect(seen.map(({ url }) => url)).not.toContain('/elsewhere');
    expect((await run(['keys'], { ADMIN_URL: 'http://127.0.0.1:1' })).code).toBe(1);
  });

  it('prints nothing a terminal would obey', async () => {
    const body = { acts: [{ ...adminAct, reason: '\u001b[2J' }], next_before: null };
    answer = { status: 200, body };
    const result = await run(['log']);
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).not.toContain('\u001b');
  });
});
