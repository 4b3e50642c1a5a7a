import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseAdminActAnswer, parseAdminActPage, parseAdminKeyPage } from '@tops/protocol';
import { adminToken, askAdmin, who } from '../admin-requests.ts';
import { TestVerifier } from '../test-verifier.ts';
import { TestWorker } from '../test-worker.ts';

let test: TestVerifier;
afterEach(() => test.close());

const worker = new TestWorker(60);
const pathOf = (act: string, key = worker.publicKeyHex) => `/admin/v1/keys/${key}/${act}`;
const act = (name: string, body: unknown = who, key?: string) =>
  askAdmin(test, 'POST', pathOf(name, key), { body });
const log = async () => (await askAdmin(test, 'GET', '/admin/v1/log')).body.acts as unknown[];
const submit = async () =>
  test.post('/v1/receipts', (await worker.attempt(await test.epoch())).receipt);

describe('who is let in', () => {
  beforeEach(async () => {
    test = await TestVerifier.start({ admin: { token: adminToken } });
  });

  it.each([
    ['no header', ''],
    ['another token', `Bearer ${adminToken.slice(0, -1)}2`],
    ['a part of it', `Bearer ${adminToken.slice(0, -1)}`],
    ['more than it', `Bearer ${adminToken}x`],
    ['another scheme', `Basic ${btoa(`admin:${adminToken}`)}`],
    ['two tokens', `Bearer ${adminToken} ${adminToken}`],
    ['the token alone', adminToken],
    ['a very long one', `Bearer ${'x'.repeat(5000)}`],
  ])('is nobody with %s, for any path', async (_name, authorization) => {
    for (const path of ['/admin/v1/keys', '/admin/v1/log', '/nowhere', '/']) {
      const answer = await askAdmin(test, 'GET', path, { headers: { authorization } });
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthorized']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tops admin"');
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.text).not.toContain(adminToken);
    }
    const refused = await askAdmin(test, 'POST', pathOf('quarantine'), {
      body: { ...who, epochs: 5 },
      headers: { authorization },
    });
    expect(refused.status).toBe(401);
    expect(await log()).toEqual([]);
    expect(test.logLines.join('')).not.toContain(adminToken);
  });

  it('is whoever has the token, the scheme in any case', async () => {
    const headers = { authorization: `bEARER ${adminToken}` };
    expect((await askAdmin(test, 'GET', '/admin/v1/keys', { headers })).status).toBe(200);
  });

  it('answers 429 to an address that failed ten times, but never to the token; failures are counted', async () => {
    const headers = { authorization: 'Bearer wrong' };
    const statuses = [];
    for (let i = 0; i < 14; i++) {
      statuses.push((await askAdmin(test, 'GET', '/admin/v1/keys', { headers })).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(4).fill(429)]);
    // Whoever else is on the operator's machine cannot lock him out.
    expect((await askAdmin(test, 'GET', '/admin/v1/keys')).status).toBe(200);
    const limited = await askAdmin(test, 'GET', '/admin/v1/keys', { headers });
    expect([limited.status, limited.body.code]).toEqual([429, 'rate_limited']);
    const waitSeconds = Number(limited.headers.get('retry-after'));
    expect(waitSeconds).toBeGreaterThanOrEqual(1);
    expect(waitSeconds).toBeLessThanOrEqual(10);
    const metrics = await test.metrics();
    expect(metrics).toContain('tops_verifier_admin_auth_failures_total{reason="wrong"} 10');
    expect(metrics).toContain('tops_verifier_admin_auth_failures_total{reason="limited"} 5');
    // The public surface of the same address is none the worse for it.
    expect((await test.get('/v1/epoch')).status).toBe(200);
  });

  it('is counted however many fail at the same moment', async () => {
    const headers = { authorization: 'Bearer wrong' };
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => askAdmin(test, 'GET', '/admin/v1/keys', { headers })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
  });

  it('is nobody on the public port', async () => {
    const headers = { authorization: `Bearer ${adminToken}` };
    for (const path of ['/admin/v1/keys', '/admin/v1/log', '/admin']) {
      const answer = await test.request('GET', path, { headers });
      expect([answer.status, answer.body.code]).toEqual([404, 'route_not_found']);
    }
    expect((await test.post(pathOf('release'), who, headers)).status).toBe(404);
    expect((await test.get('/openapi.json')).text).not.toContain('/admin');
  });
});

describe('what an act must say', () => {
  beforeEach(async () => {
    test = await TestVerifier.start({ admin: { token: adminToken } });
  });
  const quarantine = { ...who, epochs: 5 };

  it.each<[string, unknown, number, string]>([
    ['who', { reason: 'x', epochs: 5 }, 400, 'field_missing'],
    ['why', { actor: 'x', epochs: 5 }, 400, 'field_missing'],
    ['a name', { ...quarantine, actor: '' }, 400, 'text_malformed'],
    ['a reason', { ...quarantine, reason: ' ' }, 400, 'text_malformed'],
    ['a reason without a line break', { ...quarantine, reason: 'a\nb' }, 400, 'text_malformed'],
    ['a reason that reads one way', { ...quarantine, reason: 'a\u202eb' }, 400, 'text_malformed'],
    ['a reason that ends', { ...quarantine, reason: 'x'.repeat(501) }, 400, 'text_malformed'],
    ['a name that ends', { ...quarantine, actor: 'x'.repeat(101) }, 400, 'text_malformed'],
    ['an end', who, 400, 'field_missing'],
    ['one end', { ...quarantine, until_epoch: 9 }, 400, 'field_unknown'],
    ['an end to come', { ...who, until_epoch: 29_000_000 }, 409, 'act_without_effect'],
    ['some epochs', { ...who, epochs: 0 }, 400, 'integer_malformed'],
    ['so many epochs', { ...who, epochs: 1_000_001 }, 400, 'integer_malformed'],
    ['a number of epochs', '{"actor":"a","reason":"b","epochs":1e3}', 400, 'integer_malformed'],
    [
      'each thing once',
      '{"actor":"a","actor":"b","reason":"c","epochs":1}',
      400,
      'json_duplicate_key',
    ],
    ['no more', { ...quarantine, public_key_hex: 'x' }, 400, 'field_unknown'],
    ['an object', [], 400, 'field_type'],
    ['something', '', 400, 'body_empty'],
    ['it shortly', { ...quarantine, reason: 'x'.repeat(9000) }, 413, 'body_too_large'],
  ])('%s', async (_name, body, status, code) => {
    const answer = await act('quarantine', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await log()).toEqual([]);
    // The control: what is refused above is refused for that alone.
    expect((await act('quarantine', quarantine)).status).toBe(200);
    expect(await log()).toHaveLength(1);
  });

  it('which key, in lower-case hex', async () => {
    for (const key of ['00', worker.publicKeyHex.toUpperCase(), `${worker.publicKeyHex}0`]) {
      const answer = await act('release', who, key);
      expect([answer.status, answer.body.code]).toEqual([400, 'path_invalid']);
    }
  });

  it('takes the longest reason there is, in any script and however it is escaped', async () => {
    const reason = '𝄞'.repeat(500);
    const escaped = `{"actor":"Ada","reason":"${'\\ud834\\udd1e'.repeat(500)}"}`;
    for (const body of [{ actor: 'Æneas Ñ', reason }, escaped]) {
      const answer = await act('release', body);
      expect(answer.status).toBe(200);
      expect(answer.body.act.reason).toBe(reason);
    }
  });

  it('refuses other methods, types and queries', async () => {
    expect((await askAdmin(test, 'GET', pathOf('allow'))).status).toBe(405);
    expect((await askAdmin(test, 'PUT', '/admin/v1/log')).headers.get('allow')).toBe('GET, HEAD');
    const asText = { body: JSON.stringify(who), headers: { 'content-type': 'text/plain' } };
    expect((await askAdmin(test, 'POST', pathOf('allow'), asText)).status).toBe(415);
    expect((await askAdmin(test, 'GET', '/admin/v1/log?limit=0')).body.code).toBe('query_invalid');
    expect((await askAdmin(test, 'GET', '/admin/v1/log?limit=201')).status).toBe(400);
    expect((await askAdmin(test, 'GET', '/nowhere')).status).toBe(404);
  });
});

describe('acts', () => {
  it('quarantine and release, for all to see, through a restart', async () => {
    test = await TestVerifier.start({ admin: { token: adminToken } });
    const attempt = await worker.attempt(await test.epoch());
    const challenge = await test.challenge(attempt);
    const answer = await act('quarantine', { ...who, epochs: 5 });
    expect(answer.status).toBe(200);
    expect(parseAdminActAnswer(answer.body)).toMatchObject({ ok: true });
    expect(answer.body).toMatchObject({
      act: {
        ...who,
        act: 'quarantine',
        until_epoch: 29_000_005,
        public_key_hex: worker.publicKeyHex,
      },
      key: { state: 'quarantined', quarantined_until_epoch: 29_000_005, revoked: 0 },
    });
    const stateOf = async () => (await test.get('/v1/workers')).body.workers[0].state;
    expect(await stateOf()).toBe('quarantined');
    await test.restart();
    expect(await stateOf()).toBe('quarantined');
    const refused = await submit();
    expect([refused.status, refused.body.code]).toEqual([403, 'key_quarantined']);
    expect(refused.body.detail).toContain('29000005');
    // No verdict: what was challenged before is judged, and credited.
    expect((await test.prove(attempt, challenge)).status).toBe(200);
    expect((await act('release')).body.key.state).toBe('new');
    expect((await submit()).status).toBe(201);
    expect(await log()).toMatchObject([
      { act: 'release', until_epoch: null, sequence: 2 },
      { act: 'quarantine', sequence: 1, at: test.clock.nowMs() },
    ]);
    const metrics = await test.metrics();
    expect(metrics).toContain('tops_verifier_admin_acts_total{act="release"} 1');
    expect(test.logLines.join('')).not.toContain(who.reason);
  });

  it('allow a key beside VERIFY_PUBKEY, at once and after a restart, and disallow it', async () => {
    const listed = new TestWorker(61);
    test = await TestVerifier.start({
      admin: { token: adminToken },
      protocol: { allowedKeys: new Set([listed.publicKeyHex]) },
    });
    expect((await submit()).body.code).toBe('key_not_allowed');
    expect((await act('allow')).body.key).toMatchObject({ allowed_by: 'act', state: 'unseen' });
    expect((await submit()).status).toBe(201);
    await test.restart();
    expect((await submit()).status).toBe(201);
    const page = (await askAdmin(test, 'GET', '/admin/v1/keys')).body;
    expect(parseAdminKeyPage(page)).toMatchObject({ ok: true, value: { registration: 'closed' } });
    const byKey = new Map(
      page.keys.map((key: { public_key_hex: string }) => [key.public_key_hex, key]),
    );
    expect(byKey.get(worker.publicKeyHex)).toMatchObject({ allowed_by: 'act', state: 'new' });
    expect(byKey.get(listed.publicKeyHex)).toMatchObject({
      ...{ allowed_by: 'configuration', allowed_at: null, state: 'unseen', last_seen_at: null },
    });
    expect((await act('disallow')).body.key).toMatchObject({
      allowed_by: 'none',
      allowed_at: null,
    });
    expect((await submit()).body.code).toBe('key_not_allowed');
    const kept = await act('disallow', who, listed.publicKeyHex);
    expect([kept.status, kept.body.code]).toEqual([409, 'act_without_effect']);
    expect(await log()).toHaveLength(2);
  });

  it('allow for later while registration is open, and cannot disallow', async () => {
    test = await TestVerifier.start({ admin: { token: adminToken } });
    expect((await act('allow')).body.key).toMatchObject({ allowed_by: 'open_registration' });
    expect((await act('disallow')).body.code).toBe('act_without_effect');
    expect((await submit()).status).toBe(201);
    const stranger = await new TestWorker(62).attempt(await test.epoch());
    expect((await test.post('/v1/receipts', stranger.receipt)).status).toBe(201);
    expect((await askAdmin(test, 'GET', '/admin/v1/keys')).body.registration).toBe('open');
  });

  it('are listed page by page, keys of the configuration among the others', async () => {
    const keys = [63, 64, 65, 66, 67].map((seed) => new TestWorker(seed).publicKeyHex).sort();
    test = await TestVerifier.start({
      admin: { token: adminToken },
      protocol: { allowedKeys: new Set([keys[1]!, keys[4]!]) },
    });
    for (const key of [keys[0]!, keys[2]!]) await act('allow', who, key);
    await act('quarantine', { ...who, epochs: 1 }, keys[3]);
    for (const limit of [1, 2, 3, 5, 500]) {
      const found: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const query = cursor === '' ? '' : `&cursor=${cursor}`;
        const page = await askAdmin(test, 'GET', `/admin/v1/keys?limit=${limit}${query}`);
        found.push(...page.body.keys.map((key: { public_key_hex: string }) => key.public_key_hex));
        cursor = page.body.next_cursor;
      }
      expect(found).toEqual(keys);
    }
    const first = (await askAdmin(test, 'GET', '/admin/v1/log?limit=2')).body;
    expect(parseAdminActPage(first)).toMatchObject({ ok: true });
    expect(first.next_before).toBe(2);
    const rest = (await askAdmin(test, 'GET', '/admin/v1/log?limit=2&before=2')).body;
    expect(rest).toMatchObject({ acts: [{ sequence: 1 }], next_before: null });
  });

  it('are refused with 503 while the ledger is away', async () => {
    test = await TestVerifier.start({ admin: { token: adminToken } });
    await test.ledger.close();
    const answer = await act('release');
    expect([answer.status, answer.body.code]).toEqual([503, 'not_ready']);
  });
});
