import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { TestVerifier } from '../test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test-worker.ts';
import { openSocket, sendRaw } from '../raw-http.ts';

let test: TestVerifier;
let attempt: TestAttempt;
let before: string;

beforeAll(async () => {
  test = await TestVerifier.start({ requestTimeoutMs: 600 });
  attempt = await new TestWorker(61).attempt(await test.epoch());
  before = await test.recorded();
});

// The control: after everything, the receipt that was sent in so many wrong ways is taken in the right one.
afterAll(async () => {
  expect(await test.recorded()).toBe(before);
  const challenge = await test.challenge(attempt);
  expect((await test.prove(attempt, challenge)).status).toBe(200);
  await test.close();
});

const body = () => JSON.stringify(attempt.receipt);
const head = (lines: string[], method = 'POST', path = '/v1/receipts') =>
  [`${method} ${path} HTTP/1.1`, 'Host: verifier', ...lines, '', ''].join('\r\n');

describe('content types', () => {
  it.each([
    ['none', undefined],
    ['text/plain', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['another JSON type', 'application/problem+json'],
    ['a prefix of it', 'application/jsonx'],
    ['another charset', 'application/json; charset=iso-8859-1'],
    ['a parameter that is not defined', 'application/json; version=2'],
    ['two', 'application/json, application/json'],
  ])('refuses %s', async (_name, contentType) => {
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    // A Blob without a type makes fetch send no content-type of its own.
    const answer = await test.request('POST', '/v1/receipts', {
      headers,
      body: new Blob([body()]),
    });
    expect([answer.status, answer.body.code]).toEqual([415, 'content_type_unsupported']);
  });

  it('takes upper case and charset=utf-8', async () => {
    for (const contentType of ['Application/JSON', 'application/json; charset=UTF-8']) {
      const answer = await test.post('/v1/receipts', '{}', { 'content-type': contentType });
      expect(answer.body.code).toBe('field_missing');
    }
  });

  it('refuses compression, honest or not', async () => {
    const zipped = await test.post('/v1/receipts', gzipSync(body()), {
      'content-encoding': 'gzip',
    });
    expect([zipped.status, zipped.body.code]).toEqual([415, 'content_encoding_unsupported']);
    for (const encoding of ['br', 'deflate', 'gzip, identity', 'x']) {
      const answer = await test.post('/v1/receipts', body(), { 'content-encoding': encoding });
      expect([answer.status, answer.body.code]).toEqual([415, 'content_encoding_unsupported']);
    }
    const plain = await test.post('/v1/receipts', '{}', { 'content-encoding': 'identity' });
    expect(plain.body.code).toBe('field_missing');
  });
});

describe('body sizes', () => {
  const limit = 256 * 1024;
  const padded = (length: number) => `{}${' '.repeat(length - 2)}`;

  it('takes 256 KiB and not a byte more', async () => {
    const full = await test.post('/v1/receipts', padded(limit));
    expect([full.status, full.body.code]).toEqual([400, 'field_missing']);
    const over = await test.post('/v1/receipts', padded(limit + 1));
    expect([over.status, over.body.code]).toEqual([413, 'body_too_large']);
  });

  it('counts a body of unannounced length while it comes', async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 6; i++)
          controller.enqueue(new TextEncoder().encode(' '.repeat(limit / 4)));
        controller.close();
      },
    });
    const init = { body: stream, duplex: 'half', headers: { 'content-type': 'application/json' } };
    const answer = await test.request('POST', '/v1/receipts', init as RequestInit);
    expect([answer.status, answer.body.code]).toEqual([413, 'body_too_large']);
  });

  it('cuts off whoever goes on sending', async () => {
    const socket = await openSocket(test.port);
    socket.write(head(['Content-Type: application/json', 'Content-Length: 1000000000']));
    const chunk = Buffer.alloc(256 * 1024, 0x20);
    const timer = setInterval(() => socket.write(chunk), 1);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(timer);
    expect(socket.bytesWritten).toBeLessThan(1_000_000_000);
  });
});

describe('what is hardly HTTP', () => {
  it.each([
    ['not HTTP at all', 'hello\r\n\r\n', 400, 'request_malformed'],
    ['a TLS hello', Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0), 400, 'request_malformed'],
    [
      'a header without a colon',
      'GET / HTTP/1.1\r\nHost: a\r\nbad\r\n\r\n',
      400,
      'request_malformed',
    ],
    [
      'two lengths',
      head(['Content-Type: application/json', 'Content-Length: 2', 'Content-Length: 3']) + '{}',
      400,
      'request_malformed',
    ],
    [
      'a length and chunks',
      head(['Content-Length: 2', 'Transfer-Encoding: chunked']) + '0\r\n\r\n',
      400,
      'request_malformed',
    ],
    [
      'a malformed chunk',
      head(['Content-Type: application/json', 'Transfer-Encoding: chunked']) + 'zz\r\n',
      400,
      'request_malformed',
    ],
    [
      'no Host',
      'GET /v1/epoch HTTP/1.1\r\n\r\nGET /v1/epoch HTTP/1.1\r\nHost: a\r\n\r\n',
      400,
      'request_malformed',
    ],
    [
      'headers of 20 KiB',
      head([`X: ${'a'.repeat(20_000)}`], 'GET', '/v1/epoch'),
      431,
      'headers_too_large',
    ],
  ])('answers %s', async (_name, bytes, status, code) => {
    const answer = await sendRaw(test.port, bytes);
    expect(answer.status).toBe(status);
    expect(answer.headers).toContain('application/problem+json');
    const problem = JSON.parse(answer.body);
    expect(problem).toMatchObject({ code, status, type: `urn:tops-worker:error:${code}` });
    expect(problem.detail).toMatch(/^expected .*, got /);
    expect(await test.metrics()).toMatch(
      new RegExp(`tops_verifier_problems_total\\{code="${code}"\\} [1-9]`),
    );
    expect(await test.metrics()).toMatch(
      new RegExp(`tops_verifier_http_requests_total\\{status="${status}"\\} [1-9]`),
    );
  });

  it('takes HTTP/1.0 without Host', async () => {
    expect((await sendRaw(test.port, 'GET /v1/epoch HTTP/1.0\r\n\r\n')).status).toBe(200);
  });

  it('ignores an expectation it does not know', async () => {
    const lines = ['Expect: a-reward', 'Content-Type: application/json', 'Content-Length: 2'];
    const answer = await sendRaw(test.port, `${head([...lines, 'Connection: close'])}{}`);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'field_missing' });
  });

  it('answers a body that ends early', async () => {
    const lines = ['Content-Type: application/json', 'Content-Length: 500'];
    const answer = await sendRaw(test.port, `${head(lines)}{"a":`, { end: true });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'body_incomplete' });
  });

  it('answers a body that never ends coming with 408', async () => {
    const lines = ['Content-Type: application/json', 'Content-Length: 500'];
    const answer = await sendRaw(test.port, `${head(lines)}{"a":`);
    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'request_timeout' });
    const metrics = await test.metrics();
    expect(metrics).toContain('tops_verifier_http_requests_total{status="408"} 1\n');
    expect(metrics).toContain('tops_verifier_http_requests_total{status="other"} 0\n');
  });

  it('forgets a client that left', async () => {
    const socket = await openSocket(test.port);
    socket.write(`${head(['Content-Type: application/json', 'Content-Length: 500'])}{"a":`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
    expect((await test.get('/health')).status).toBe(200);
  });
});

describe('routes and methods', () => {
  it.each([
    '/nope',
    '/v1',
    '/v1/',
    '/v1/epoch/',
    '/V1/epoch',
    '/v1/workers/',
    '/v1/receipts/a/b/c',
    '/status',
    '/..%2f..%2fetc/passwd',
    '/.env',
    '//v1/epoch',
    '/index.html',
  ])('%s is not found', async (path) => {
    const answer = await test.get(path);
    expect([answer.status, answer.body.code]).toEqual([404, 'route_not_found']);
  });

  it.each([
    ['DELETE', '/v1/epoch', 'GET, HEAD'],
    ['POST', '/v1/epoch', 'GET, HEAD'],
    ['GET', '/v1/receipts', 'POST'],
    ['PUT', '/v1/receipts', 'POST'],
    ['OPTIONS', '/v1/receipts', 'POST'],
    ['GET', '/verify', 'POST'],
    ['GET', `/v1/receipts/${'0'.repeat(64)}/proof`, 'POST'],
    ['PATCH', '/v1/workers', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['POST', '/ready', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['DELETE', '/openapi.json', 'GET, HEAD'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    const answer = await test.request(method, path);
    expect([answer.status, answer.body.code]).toEqual([405, 'method_not_allowed']);
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it('answers HEAD like GET, without the body', async () => {
    for (const path of ['/v1/epoch', '/v1/workers', '/openapi.json', '/health', '/', '/metrics']) {
      const [got, headed] = [await test.get(path), await test.request('HEAD', path)];
      expect([headed.status, headed.text]).toEqual([200, '']);
      expect(headed.headers.get('content-type')).toBe(got.headers.get('content-type'));
    }
    expect((await test.request('HEAD', '/nope')).status).toBe(404);
  });

  it('takes no percent-encoding that is none', async () => {
    const answer = await test.get('/v1/workers/%zz');
    expect([answer.status, answer.body.code]).toEqual([400, 'path_invalid']);
  });

  it.each([
    '/v1/workers?limit=0',
    '/v1/workers?limit=501',
    '/v1/workers?limit=1e2',
    '/v1/workers?limit=+5',
    '/v1/workers?limit=',
    '/v1/workers?limit=5&limit=5',
    '/v1/workers?limit[]=5',
    '/v1/workers?cursor=zz',
    '/v1/workers?offset=5',
    '/v1/workers?__proto__=5',
    '/v1/epochs?before=-1',
    '/v1/epochs?before=9007199254740992',
    '/v1/epochs?limit=501',
    '/v1/epoch?x=1',
  ])('%s is no query', async (path) => {
    const answer = await test.get(path);
    expect([answer.status, answer.body.code]).toEqual([400, 'query_invalid']);
  });

  it.each([
    '/v1/epochs/x',
    '/v1/epochs/-1',
    '/v1/epochs/01',
    '/v1/epochs/1.0',
    '/v1/workers/did:key:zz',
    '/v1/workers/bob',
    '/v1/receipts/0',
  ])('%s is no path', async (path) => {
    const answer = await test.get(path);
    expect([answer.status, answer.body.code]).toEqual([400, 'path_invalid']);
  });

  it('sends the same safe headers everywhere', async () => {
    for (const path of ['/v1/epoch', '/', '/nope', '/health']) {
      const { headers } = await test.get(path);
      expect(headers.get('content-security-policy')).toContain(
        "default-src 'none';script-src 'self'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('etag')).toBeNull();
    }
  });
});
