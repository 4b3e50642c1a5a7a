import { describe, expect, it } from '@jest/globals';
import { VerifierClient } from '@tops/protocol';
import { archiveBytes, auditBytes } from '../test/audit-text.ts';
import { SampleHistory } from '../test/sample-history.ts';
import { HttpArchiveSource } from './index.ts';

const history = new SampleHistory([
  [
    [1, 'accepted'],
    [2, 'revoked'],
    [2, 'rejected'],
  ],
  [[1, 'missed']],
  [],
]);

type Answer = { readonly status?: number; readonly body: unknown; readonly retryAfter?: string };

/** A verifier that serves the sample, a page of two at a time; `answer` may say something else first. */
function sourceOf(answer: (path: string, call: number) => Answer | undefined = () => undefined) {
  const asked: string[] = [];
  const fetchSample: typeof fetch = async (input) => {
    const url = new URL(String(input));
    asked.push(url.pathname + url.search);
    const {
      status = 200,
      body,
      retryAfter,
    } = answer(url.pathname, asked.length) ?? sampleAnswer(url);
    const type = status === 200 ? 'application/json' : 'application/problem+json';
    return new Response(JSON.stringify(body), {
      status,
      headers: { 'content-type': type, ...(retryAfter ? { 'retry-after': retryAfter } : {}) },
    });
  };
  const client = new VerifierClient(
    { baseUrl: 'http://verifier.test', timeoutMs: 1000 },
    { fetch: fetchSample },
  );
  return { asked, source: new HttpArchiveSource({ client }, { retryDelaysMs: [1, 1] }) };
}

function sampleAnswer(url: URL): Answer {
  const [, id, list] = /^\/v1\/epochs\/?([0-9]*)\/?([a-z]*)$/.exec(url.pathname) ?? [];
  const found = history.epochs.find(({ epoch }) => epoch.epoch_id === Number(id));
  if (id === '') {
    const from = Number(url.searchParams.get('from'));
    const epochs = history.epochs.map(({ epoch }) => epoch).filter((one) => one.epoch_id >= from);
    const next = epochs[2] === undefined ? {} : { next_from: epochs[2].epoch_id };
    return {
      body: { epochs: epochs.slice(0, 2).map((one) => ({ ...one, sealed: true })), ...next },
    };
  }
  if (found === undefined) return { status: 404, body: { code: 'epoch_not_found', detail: '' } };
  if (list === '') return { body: found.epoch };
  const rows = list === 'receipts' ? found.receipts : found.credits;
  const keyOf = (row: object) =>
    (row as Record<string, string>)[list === 'receipts' ? 'receipt_id' : 'public_key_hex'];
  const start = rows.findIndex((row) => keyOf(row) === url.searchParams.get('cursor')) + 1;
  const page = rows.slice(start, start + 2);
  const next = start + 2 < rows.length ? keyOf(page[1]!) : null;
  // A newer verifier may say more.
  return { body: { [list!]: page.map((row) => ({ ...row, note: 'new' })), next_cursor: next } };
}

describe('HttpArchiveSource', () => {
  it('makes the archive that the history itself makes, over pages', async () => {
    const { source, asked } = sourceOf();
    const bytes = await archiveBytes({ from: 0 }, source);
    expect(Buffer.compare(bytes, await archiveBytes({ from: 0 }, history))).toBe(0);
    expect((await auditBytes([bytes])).findings).toEqual([]);
    expect(asked.filter((path) => path.includes('cursor='))).toHaveLength(1);
  });

  it('waits and asks again when the verifier is busy, a few times', async () => {
    const busy = { status: 429, body: { code: 'rate_limited', detail: 'slow down' } };
    const twice = sourceOf((_path, call) => (call < 3 ? busy : undefined));
    await expect(archiveBytes({ from: 0 }, twice.source)).resolves.toBeDefined();
    const always = sourceOf(() => busy);
    await expect(archiveBytes({ from: 0 }, always.source)).rejects.toMatchObject({
      name: 'SourceRefusal',
      code: 'rate_limited',
    });
    expect(always.asked).toHaveLength(3);
  });

  it('gives up at once on any other refusal', async () => {
    const gone = { status: 410, body: { code: 'receipt_archived', detail: 'archived' } };
    const { source } = sourceOf((path) => (path.endsWith('/receipts') ? gone : undefined));
    await expect(archiveBytes({ from: 0 }, source)).rejects.toMatchObject({
      code: 'receipt_archived',
      status: 410,
    });
  });

  it.each([
    ['a receipt without its rows', '/receipts', { receipts: [{}], next_cursor: null }],
    ['no list', '/receipts', { next_cursor: null }],
    ['a strange cursor', '/credits', { credits: [], next_cursor: '../x' }],
    ['an epoch without an id', '/v1/epochs', { epochs: [{}] }],
  ])('refuses an answer with %s', async (_name, suffix, body) => {
    const { source } = sourceOf((path) => (path.endsWith(suffix) ? { body } : undefined));
    await expect(archiveBytes({ from: 0 }, source)).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'malformed_response',
    });
  });

  it('does not follow a verifier that has no end', async () => {
    const nothing = { credits: [], next_cursor: 'ab'.repeat(32) };
    const empty = sourceOf((path) => (path.endsWith('/credits') ? { body: nothing } : undefined));
    await archiveBytes({ from: 0 }, empty.source);
    expect(empty.asked.length).toBeLessThan(20);
    const { receipts } = history.epochs[0]!;
    const again = { receipts: receipts.slice(0, 2), next_cursor: 'ab'.repeat(32) };
    const endless = sourceOf((path) => (path.endsWith('/receipts') ? { body: again } : undefined));
    await expect(archiveBytes({ from: 0 }, endless.source)).rejects.toMatchObject({
      code: 'source_inconsistent',
    });
    const { epoch } = history.epochs[0]!;
    const circle = { epochs: [epoch], next_from: epoch.epoch_id };
    const looping = sourceOf((path) => (path === '/v1/epochs' ? { body: circle } : undefined));
    await expect(archiveBytes({ from: 0 }, looping.source)).rejects.toMatchObject({
      code: 'source_inconsistent',
    });
  });

  it('does not follow pages that lead on without an epoch', async () => {
    const { asked, source } = sourceOf((_path, call) => {
      if (call > 9) throw new Error('still asking');
      return { body: { epochs: [], next_from: 1 } };
    });
    const epochs = [];
    for await (const epoch of source.epochsFrom(0)) epochs.push(epoch);
    expect(epochs).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('makes no archive of fewer receipts than were sealed', async () => {
    const none = { receipts: [], next_cursor: null };
    const { source } = sourceOf((path) =>
      path.endsWith('/receipts') ? { body: none } : undefined,
    );
    await expect(archiveBytes({ from: 0 }, source)).rejects.toMatchObject({
      code: 'source_inconsistent',
    });
  });
});

describe('archiveLines', () => {
  it('refuses what has no anchors, is archived or not there', async () => {
    const [first, second] = history.epochs.map(({ epoch }) => epoch);
    const lost = sourceOf((path) =>
      path.endsWith(`/${first!.epoch_id}`)
        ? { status: 404, body: { code: 'epoch_not_found', detail: '' } }
        : undefined,
    );
    await expect(archiveBytes({ from: second!.epoch_id }, lost.source)).rejects.toMatchObject({
      code: 'anchors_missing',
    });
    const archived = sourceOf((path) =>
      path === '/v1/epochs' ? { body: { epochs: [{ ...first, archived: true }] } } : undefined,
    );
    await expect(archiveBytes({ from: 0 }, archived.source)).rejects.toMatchObject({
      name: 'ArchiveError',
      code: 'epoch_archived',
    });
    await expect(archiveBytes({ from: 5000 }, history)).rejects.toMatchObject({
      code: 'no_epochs',
    });
  });
});
