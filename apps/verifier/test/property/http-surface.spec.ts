import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { errorCodes, parseReceipt, encodeBundle, type Challenge } from '@tops/protocol';
import { fcParameters } from '@tops/testing';
import { sendRaw } from '../raw-http.ts';
import { TestVerifier, type Answer } from '../test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test-worker.ts';

let test: TestVerifier;
let attempt: TestAttempt;
let challenge: Challenge;
let before: string;
const messages: Record<'receipt' | 'proof' | 'bundle', object> = {
  receipt: {},
  proof: {},
  bundle: {},
};

beforeAll(async () => {
  test = await TestVerifier.start({ http: { trustProxyHops: 1 } });
  const epoch = await test.epoch();
  const worker = new TestWorker(101);
  attempt = await worker.attempt(epoch);
  challenge = await test.challenge(attempt);
  const parsed = parseReceipt((await worker.attempt(epoch)).receipt);
  if (!parsed.ok) throw new Error(parsed.problem.detail);
  messages.receipt = parsed.value.receipt;
  messages.proof = attempt.prove(challenge.rows);
  const rows = [1, 5];
  const own = parseReceipt(attempt.receipt);
  if (!own.ok) throw new Error(own.problem.detail);
  messages.bundle = encodeBundle({ receipt: own.value, rows, ...attempt.hashes(rows) });
  before = await test.recorded();
});

// Nothing of all that was recorded or credited, and the honest answer still counts.
afterAll(async () => {
  expect(await test.recorded()).toBe(before);
  expect((await test.prove(attempt, challenge)).status).toBe(200);
  expect((await test.post('/v1/receipts', messages.receipt)).status).toBe(201);
  expect((await test.post('/verify', messages.bundle)).status).toBe(200);
  expect(test.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  await test.close();
});

let addressCount = 0;
/** An address of its own, so that no limit hides what the parsers do. */
const fresh = () => {
  addressCount++;
  return {
    'x-forwarded-for': `10.${addressCount >> 16}.${(addressCount >> 8) & 255}.${addressCount & 255}`,
  };
};

function expectRefused(answer: Answer): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(Object.keys(errorCodes)).toContain(answer.body.code);
}

const targets = [
  { name: 'receipt', path: () => '/v1/receipts' },
  { name: 'proof', path: () => `/v1/receipts/${challenge.receipt_id}/proof` },
  { name: 'bundle', path: () => '/verify' },
] as const;

/** Values that parsers like to stumble over. */
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    '',
    '0',
    -0,
    -1,
    2 ** 53,
    1e308,
    0.5,
    '__proto__',
    'A'.repeat(64),
    '0'.repeat(64),
    '\u0000',
    [],
    {},
  ),
  fc.string({ unit: 'binary', maxLength: 80 }),
);

type Path = readonly string[];

function pathsOf(value: unknown, prefix: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [prefix];
  return [
    prefix,
    ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...prefix, key])),
  ];
}

/** A copy of `message` in which what stands at `path` was replaced, removed, or got a neighbour. */
function mutate(message: object, path: Path, how: string, value: unknown): unknown {
  if (path.length === 0) {
    // Not String(value): {"toString":null} has none.
    const name = typeof value === 'string' ? value : JSON.stringify(value);
    return how === 'replace' ? value : { ...message, [name]: value };
  }
  const copy = structuredClone(message) as Record<string, unknown>;
  let parent = copy;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  const last = path.at(-1)!;
  if (how === 'remove') Reflect.deleteProperty(parent, last);
  else if (how === 'replace') parent[last] = value;
  else if (how === 'wrap') parent[last] = [parent[last]];
  else if (how === 'text' && typeof parent[last] === 'string') {
    const text = parent[last] as string;
    const at = Math.abs(JSON.stringify(value)?.length ?? 0) % (text.length + 1);
    parent[last] = text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
  } else if (how === 'number' && typeof parent[last] === 'number')
    parent[last] = (parent[last] as number) + 1;
  else parent[`${last}x`] = value;
  return copy;
}

describe.each(targets)('POST $name', ({ name, path }) => {
  it('refuses arbitrary bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expectRefused(await test.post(path(), bytes, fresh()));
      }),
      fcParameters(60),
    );
  });

  it('refuses arbitrary JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 20 }), async (json) => {
        expectRefused(await test.post(path(), json, fresh()));
      }),
      fcParameters(60),
    );
  });

  it('refuses mutants of a good message', async () => {
    const how = fc.constantFrom('replace', 'remove', 'wrap', 'text', 'number', 'neighbour');
    await fc.assert(
      fc.asyncProperty(fc.nat(), how, oddValue, async (pick, kind, value) => {
        const message = messages[name];
        const paths = pathsOf(message);
        const mutant = mutate(message, paths[pick % paths.length]!, kind, value);
        const sent = JSON.stringify(mutant) ?? '';
        fc.pre(sent === '' || !isDeepStrictEqual(JSON.parse(sent), message));
        expectRefused(await test.post(path(), sent, fresh()));
      }),
      fcParameters(150),
    );
  });

  it('refuses a good message with bytes changed', async () => {
    const edit = fc.tuple(fc.nat(), fc.constantFrom('insert', 'delete', 'set'), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        const bytes = [...new TextEncoder().encode(JSON.stringify(messages[name]))];
        for (const [pick, kind, byte] of edits) {
          const at = pick % bytes.length;
          if (kind === 'insert') bytes.splice(at, 0, byte);
          else if (kind === 'delete') bytes.splice(at, 1);
          else bytes[at] = byte;
        }
        const sent = Uint8Array.from(bytes);
        fc.pre(!isSameMessage(sent, messages[name]));
        expectRefused(await test.post(path(), sent, fresh()));
      }),
      fcParameters(150),
    );
  });
});

function isSameMessage(bytes: Uint8Array, message: object): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(new TextDecoder().decode(bytes)), message);
  } catch {
    return false;
  }
}

describe('any path', () => {
  const segment = fc.oneof(
    fc.constantFrom(
      'v1',
      'epoch',
      'epochs',
      'receipts',
      'workers',
      'proof',
      'verify',
      '..',
      '.',
      '',
    ),
    fc.constantFrom(
      'credits.csv',
      'credits.json',
      '0',
      '-1',
      '%',
      '%00',
      '%2f',
      '*',
      ':id',
      '{did}',
    ),
    fc.constant('0'.repeat(64)),
    fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => encodeURIComponent(text)),
  );
  const query = fc.option(fc.webQueryParameters(), { nil: undefined });

  it('is answered below 500', async () => {
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH');
    await fc.assert(
      fc.asyncProperty(
        method,
        fc.array(segment, { maxLength: 6 }),
        query,
        async (verb, parts, search) => {
          const path = `/${parts.join('/')}${search === undefined ? '' : `?${search}`}`;
          const head = `${verb} ${path} HTTP/1.1\r\nHost: v\r\nX-Forwarded-For: ${fresh()['x-forwarded-for']}\r\nConnection: close\r\n\r\n`;
          const answer = await sendRaw(test.port, head);
          expect(answer.status).toBeGreaterThanOrEqual(200);
          expect(answer.status).toBeLessThan(500);
        },
      ),
      fcParameters(150),
    );
  });

  it('and any bytes on the socket too', async () => {
    const line = fc.constantFrom(
      'GET / HTTP/1.1',
      'POST /v1/receipts HTTP/1.1',
      'GET /v1/epoch HTTP/1.0',
      '',
    );
    const header = fc.oneof(
      fc.constantFrom(
        'Host: v',
        'Content-Length: 5',
        'Content-Length: -1',
        'Transfer-Encoding: chunked',
      ),
      fc.constantFrom(
        'Expect: 100-continue',
        'Expect: x',
        'Upgrade: h2c',
        'Connection: upgrade',
        'Content-Type: application/json',
      ),
      fc.string({ unit: 'binary', maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(
        line,
        fc.array(header, { maxLength: 5 }),
        fc.uint8Array({ maxLength: 40 }),
        async (first, headers, rest) => {
          const head = Buffer.from([first, ...headers, '', ''].join('\r\n'));
          const answer = await sendRaw(test.port, Buffer.concat([head, rest]), { end: true });
          expect(Number.isNaN(answer.status) || answer.status < 500).toBe(true);
        },
      ),
      fcParameters(100),
    );
    expect((await test.get('/health')).status).toBe(200);
  });
});
