import { getEventListeners } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { expectValue } from '../test/expect-parsed.ts';
import {
  goodBundle,
  goodChallenge,
  goodEpochInfo,
  goodProof,
  goodReceipt,
  goodWorker,
  workerDid,
} from '../test/good-messages.ts';
import { NetworkError, VerifierClient, parseBundle, problemDocument } from './index.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A real server on a free port; gives the address. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => handler(request, response, Buffer.concat(parts).toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Handler =>
  (_request, response) => {
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, ...headers });
    response.end(JSON.stringify(value));
  };

const clientOf = (baseUrl: string, timeoutMs = 20_000) =>
  new VerifierClient({ baseUrl, timeoutMs });

async function networkErrorOf(promise: Promise<unknown>): Promise<NetworkError> {
  const error = await promise.then(
    (value) => new Error(`expected an error, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof NetworkError)) throw error;
  return error;
}

describe('what the client sends', () => {
  it('asks each route with its method, path and body', async () => {
    const seen: unknown[] = [];
    const answers: Record<string, unknown> = {
      '/v1/epoch': goodEpochInfo,
      '/v1/receipts': goodChallenge,
      [`/v1/receipts/${goodChallenge.receipt_id}/proof`]: { status: 'accepted', credited_ops: '1' },
      [`/v1/workers/${encodeURIComponent(workerDid)}`]: goodWorker,
      '/v1/workers': { workers: [goodWorker], next_cursor: null },
      '/v1/workers?cursor=a%26b&limit=5': { workers: [], next_cursor: null },
      '/verify': { status: 'accepted', receipt_id: goodChallenge.receipt_id },
    };
    const client = clientOf(
      await serve((request, response, body) => {
        seen.push([request.method, request.url, request.headers['content-type'], body]);
        json(200, answers[request.url ?? ''])(request, response, body);
      }),
    );
    const bundle = expectValue(parseBundle(goodBundle, { auditRowsMax: 64 }));

    expect(await client.getEpoch()).toEqual({ ok: true, status: 200, value: goodEpochInfo });
    expect(await client.submitReceipt(goodReceipt)).toMatchObject({ value: goodChallenge });
    expect(await client.submitProof(goodChallenge.receipt_id, goodProof)).toMatchObject({
      value: { status: 'accepted', credited_ops: '1' },
    });
    expect(await client.getWorker(workerDid)).toMatchObject({ value: goodWorker });
    expect(await client.listWorkers()).toMatchObject({ value: { workers: [goodWorker] } });
    expect(await client.listWorkers({ cursor: 'a&b', limit: 5 })).toMatchObject({ ok: true });
    expect(await client.verifyBundle(bundle)).toMatchObject({ value: { status: 'accepted' } });

    const type = 'application/json';
    expect(seen).toEqual([
      ['GET', '/v1/epoch', undefined, ''],
      ['POST', '/v1/receipts', type, JSON.stringify(goodReceipt)],
      ['POST', `/v1/receipts/${goodChallenge.receipt_id}/proof`, type, JSON.stringify(goodProof)],
      ['GET', `/v1/workers/${encodeURIComponent(workerDid)}`, undefined, ''],
      ['GET', '/v1/workers', undefined, ''],
      ['GET', '/v1/workers?cursor=a%26b&limit=5', undefined, ''],
      ['POST', '/verify', type, JSON.stringify(goodBundle)],
    ]);
  });

  it.each(['', '/', '//', '/verifier', '/verifier/'])(
    'joins paths to a base ending in %j',
    async (end) => {
      let path = '';
      const baseUrl = await serve((request, response, body) => {
        path = request.url ?? '';
        json(200, goodEpochInfo)(request, response, body);
      });
      await clientOf(baseUrl + end).getEpoch();
      expect(path).toBe(end.startsWith('/verifier') ? '/verifier/v1/epoch' : '/v1/epoch');
    },
  );

  it.each([
    'localhost:8081',
    'ftp://localhost',
    'http://user:secret@localhost',
    'http://localhost/?a=1',
    'http://localhost/#a',
    '',
    'http://',
  ])('refuses the base URL %j without echoing it', (baseUrl) => {
    expect(() => clientOf('http://localhost:8081')).not.toThrow();
    expect(() => clientOf(baseUrl)).toThrow(TypeError);
    expect(() => clientOf(baseUrl)).not.toThrow(/secret/);
  });
});

describe('what the verifier refuses', () => {
  it('comes back as a value with code, field, row and Retry-After', async () => {
    const mismatch = problemDocument({ code: 'row_mismatch', detail: 'differs', row: 77 });
    expect(await clientOf(await serve(json(422, mismatch))).getEpoch()).toEqual({
      ok: false,
      status: 422,
      problem: { code: 'row_mismatch', detail: 'differs', row: 77 },
    });
    const limited = problemDocument({ code: 'rate_limited', detail: 'wait', field: 'nonce' });
    const busy = clientOf(await serve(json(429, limited, { 'retry-after': '2' })));
    expect(await busy.getEpoch()).toEqual({
      ok: false,
      status: 429,
      problem: { code: 'rate_limited', detail: 'wait', field: 'nonce' },
      retryAfterMs: 2000,
    });
  });

  it('reads a Retry-After date against the given clock', async () => {
    const headers = { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' };
    const baseUrl = await serve(json(503, { code: 'not_ready', detail: 'x' }, headers));
    const now = () => Date.UTC(1994, 10, 6, 8, 49, 30);
    const client = new VerifierClient({ baseUrl, timeoutMs: 20_000 }, { now });
    expect(await client.getEpoch()).toMatchObject({ ok: false, retryAfterMs: 7000 });
  });

  it('keeps a code it does not know, and cleans the text', async () => {
    const answer = {
      code: 'later_code',
      detail: `\u001b[2J${'x'.repeat(1000)}`,
      row: -1,
      field: 5,
    };
    const result = await clientOf(await serve(json(418, answer))).getEpoch();
    expect(result).toEqual({
      ok: false,
      status: 418,
      problem: { code: 'later_code', detail: `?[2J${'x'.repeat(508)}` },
    });
  });
});

describe('what is no answer of the protocol', () => {
  const html: Handler = (_request, response) => {
    response.writeHead(502, { 'content-type': 'text/html', 'retry-after': '9' });
    response.end('<h1>Bad gateway</h1>');
  };
  const raw =
    (body: string | Buffer, headers: Record<string, string> = {}): Handler =>
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.end(body);
    };

  it.each<[string, Handler, Partial<NetworkError>]>([
    ["a proxy's page", html, { status: 502, retryAfterMs: 9000 }],
    ['no content type', (_request, response) => response.end('{}'), { status: 200 }],
    ['an empty 204', (_request, response) => response.writeHead(204).end(), { status: 204 }],
    ['an empty body', raw(''), { status: 200 }],
    ['text that is no JSON', raw('{"epoch_id":'), { status: 200 }],
    ['bytes that are no UTF-8', raw(Buffer.from([0x22, 0xff, 0x22])), { status: 200 }],
    ['a duplicate key', raw('{"epoch_id":1,"epoch_id":1}'), { status: 200 }],
    ['JSON of another message', raw('{"a":1}'), { status: 200 }],
    ['an unexpected success', json(202, goodEpochInfo), { status: 202 }],
    ['an error without a code', json(500, { error: 'x' }), { status: 500 }],
    ['an error with a strange code', json(500, { code: 'A b' }), { status: 500 }],
    ['an error that is no object', json(500, 'x'), { status: 500 }],
    ['a body over the bound', raw(Buffer.alloc(2 ** 20 + 1, ' ')), { status: 200 }],
    [
      'a body over the bound once unpacked',
      raw(gzipSync(Buffer.alloc(2 ** 24, ' ')), { 'content-encoding': 'gzip' }),
      { status: 200 },
    ],
    [
      'a redirect',
      (_request, response) => response.writeHead(307, { location: '/elsewhere' }).end(),
      { status: 307 },
    ],
  ])('%s is malformed_response', async (_name, handler, expected) => {
    const error = await networkErrorOf(clientOf(await serve(handler)).getEpoch());
    expect(error).toMatchObject({ code: 'malformed_response', ...expected });
  });

  it('control: an answer just under the bound is taken', async () => {
    const text = JSON.stringify(goodEpochInfo);
    const padded = text + ' '.repeat(2 ** 20 - text.length);
    expect(await clientOf(await serve(raw(padded))).getEpoch()).toMatchObject({ ok: true });
  });

  it('an endless body is cut off, not collected', async () => {
    let written = 0;
    const handler: Handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const part = Buffer.alloc(65_536, ' ');
      const more = () => {
        while (!response.destroyed && response.write(part)) written += part.length;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const error = await networkErrorOf(clientOf(await serve(handler)).getEpoch());
    expect(error.code).toBe('malformed_response');
    // What the sockets buffer comes on top of the bound.
    expect(written).toBeLessThan(2 ** 26);
  });
});

describe('when there is no answer', () => {
  it('a refused connection is connect, with its cause', async () => {
    const baseUrl = await serve(json(200, goodEpochInfo));
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    const error = await networkErrorOf(clientOf(baseUrl).getEpoch());
    expect(error.code).toBe('connect');
    expect((error.cause as Error).cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('a connection lost before or within the answer is connect', async () => {
    const before: Handler = (request) => request.socket.destroy();
    const within: Handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"epoch_id"', () => response.destroy());
    };
    for (const handler of [before, within]) {
      const error = await networkErrorOf(clientOf(await serve(handler)).getEpoch());
      expect(error.code).toBe('connect');
      expect(error.cause).toBeDefined();
    }
  });

  it('silence before or within the answer is timeout', async () => {
    const before: Handler = () => undefined;
    const within: Handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"epoch_id"');
    };
    for (const handler of [before, within]) {
      const error = await networkErrorOf(clientOf(await serve(handler), 100).getEpoch());
      expect(error.code).toBe('timeout');
    }
  });

  it("the caller's abort is the caller's reason, before and during the exchange", async () => {
    const reason = new Error('shutting down');
    const controller = new AbortController();
    const baseUrl = await serve(() => controller.abort(reason));
    await expect(clientOf(baseUrl).getEpoch(controller.signal)).rejects.toBe(reason);
    await expect(clientOf(baseUrl).getEpoch(AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('leaves nothing behind on a signal that outlives the request', async () => {
    const { signal } = new AbortController();
    const client = clientOf(await serve(json(200, goodEpochInfo)));
    for (let i = 0; i < 5; i++) await client.getEpoch(signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
