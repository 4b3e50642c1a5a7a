import { afterEach, describe, expect, it } from '@jest/globals';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBundle, encodeProof, parseReceipt } from '@tops/protocol';
import { TestVerifier } from '../test/test-verifier.ts';
import { TestWorker } from '../test/test-worker.ts';

let test: TestVerifier;

afterEach(() => test.close());

describe('GET /v1/workers', () => {
  it('pages through every worker once', async () => {
    test = await TestVerifier.start();
    const epoch = await test.epoch();
    const keys: string[] = [];
    for (let i = 0; i < 5; i++) {
      const worker = new TestWorker(80 + i);
      keys.push(worker.publicKeyHex);
      await test.challenge(await worker.attempt(epoch));
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    let pages = 0;
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = (await test.get(`/v1/workers?limit=2${query}`)).body;
      seen.push(...page.workers.map((worker: { public_key_hex: string }) => worker.public_key_hex));
      cursor = page.next_cursor;
      pages++;
    }
    expect(pages).toBe(3);
    expect(seen).toEqual(keys.sort());
    const exact = (await test.get('/v1/workers?limit=5')).body;
    expect(exact.next_cursor).toBeNull();
  });

  it('says when a worker is unknown', async () => {
    test = await TestVerifier.start();
    // The did:key specification's first Ed25519 example: a good key that never submitted anything.
    const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
    const answer = await test.get(`/v1/workers/${did}`);
    expect([answer.status, answer.body.code]).toEqual([404, 'worker_not_found']);
    const encoded = await test.get(`/v1/workers/${encodeURIComponent(did)}`);
    expect(encoded.body.code).toBe('worker_not_found');
  });
});

describe('GET /v1/epochs', () => {
  it('pages backwards', async () => {
    test = await TestVerifier.start();
    const first = await test.epoch();
    for (let i = 0; i < 2; i++) {
      test.clock.advance(60_000);
      await test.epoch();
    }
    const page = (await test.get('/v1/epochs?limit=2')).body;
    const ids = page.epochs.map(({ epoch_id }: { epoch_id: number }) => epoch_id);
    expect(ids).toEqual([first.epoch_id + 2, first.epoch_id + 1]);
    expect(page.next_before).toBe(first.epoch_id + 1);
    const rest = (await test.get(`/v1/epochs?limit=2&before=${page.next_before}`)).body;
    expect(rest.epochs).toHaveLength(1);
    expect(rest.next_before).toBeUndefined();
    expect(rest.epochs[0]).toEqual((await test.get(`/v1/epochs/${first.epoch_id}`)).body);
  });

  it('shows no receipt ids of an epoch that is not sealed', async () => {
    test = await TestVerifier.start();
    const epoch = await test.epoch();
    const attempt = await new TestWorker(90).attempt(epoch);
    const challenge = await test.challenge(attempt);
    await test.prove(attempt, challenge);
    const answer = await test.get(`/v1/epochs/${epoch.epoch_id}/credits.json`);
    expect(answer.body).toMatchObject({ sealed: false, entries: [] });
    expect(answer.body.credits).toHaveLength(1);
    expect(answer.text).not.toContain(challenge.receipt_id);
  });
});

describe('POST /verify', () => {
  it('re-checks a bundle, records nothing, and finds the wrong row', async () => {
    test = await TestVerifier.start();
    const epoch = await test.epoch();
    const before = await test.recorded();
    const bundleOf = async (rows: number[], wrongRows: number[] = []) => {
      const attempt = await new TestWorker(91).attempt(epoch, { wrongRows });
      const parsed = parseReceipt(attempt.receipt);
      if (!parsed.ok) throw new Error(parsed.problem.detail);
      return encodeBundle({ receipt: parsed.value, rows, ...attempt.hashes(rows) });
    };
    const good = await bundleOf([0, 7, 63]);
    const accepted = await test.post('/verify', good);
    expect(accepted.status).toBe(200);
    expect(accepted.body).toMatchObject({ status: 'accepted' });
    // Without state: an epoch long gone is as good.
    test.clock.advance(3_600_000);
    expect((await test.post('/verify', good)).status).toBe(200);
    test.clock.advance(-3_600_000);

    const wrong = await test.post('/verify', await bundleOf([0, 7], [7]));
    expect([wrong.status, wrong.body.status, wrong.body.code, wrong.body.row]).toEqual([
      ...[422, 'rejected', 'row_mismatch', 7],
    ]);
    for (const [change, status, code] of [
      [{ rows: [] }, 422, 'rows_invalid'],
      [{ rows: [7, 0, 63] }, 422, 'rows_invalid'],
      [{ rows: [0, 0, 63] }, 422, 'rows_invalid'],
      [{ rows: [0, 7, 64] }, 422, 'rows_invalid'],
      [{ rows: Array.from({ length: 17 }, (_, i) => i) }, 422, 'rows_invalid'],
      [{ rows: '0' }, 400, 'field_type'],
      [{ rows: [0, 7, 62] }, 422, 'proof_malformed'],
      [
        encodeProof({ leaves: new Uint8Array(96), siblings: new Uint8Array() }),
        422,
        'proof_malformed',
      ],
      [{ leaves: '' }, 422, 'proof_malformed'],
      [{ receipt: { ...good.receipt, time_ms: 9 } }, 422, 'signature_invalid'],
      [{ extra: 1 }, 400, 'field_unknown'],
    ] as const) {
      const answer = await test.post('/verify', { ...good, ...change });
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    }
    expect((await test.post('/verify', good)).status).toBe(200);
    expect(await test.recorded()).toBe(before);
  });

  it('turns surplus bundles away with 503 while its few places are taken, and proofs still pass', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const reference = createReferenceKernel();
    let isHeld = true;
    test = await TestVerifier.start({
      protocol: { verifyConcurrency: 2 },
      kernel: {
        async computeLeaves(attempt, rows) {
          if (isHeld) await held;
          return reference.computeLeaves(attempt, rows);
        },
      },
    });
    const epoch = await test.epoch();
    const attempt = await new TestWorker(92).attempt(epoch);
    const parsed = parseReceipt(attempt.receipt);
    if (!parsed.ok) throw new Error(parsed.problem.detail);
    const bundle = encodeBundle({ receipt: parsed.value, rows: [1], ...attempt.hashes([1]) });
    const answers = Array.from({ length: 12 }, () => test.post('/verify', bundle));
    const firstRefused = await Promise.race(answers);
    expect([firstRefused.status, firstRefused.body.code]).toEqual([503, 'overloaded']);
    expect(firstRefused.headers.get('retry-after')).toBe('1');
    isHeld = false;
    expect((await test.prove(attempt, await test.challenge(attempt))).status).toBe(200);
    release();
    const statuses = (await Promise.all(answers)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(9).fill(200), ...Array(3).fill(503)]);
  });
});

describe('GET /', () => {
  it('says how to build the dashboard when there is none', async () => {
    test = await TestVerifier.start();
    const answer = await test.get('/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(answer.text).toContain('npx nx build dashboard');
  });

  it('serves the built files, and nothing beside them', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'tops-dashboard-'));
    const dashboardDir = join(parent, 'dashboard');
    mkdirSync(dashboardDir);
    writeFileSync(join(parent, 'secret.txt'), 'secret');
    writeFileSync(join(dashboardDir, 'index.html'), '<p>fleet</p>');
    writeFileSync(join(dashboardDir, 'main.js'), '1;');
    writeFileSync(join(dashboardDir, '.hidden'), 'hidden');
    try {
      test = await TestVerifier.start({ http: { dashboardDir } });
      expect((await test.get('/')).text).toBe('<p>fleet</p>');
      expect((await test.get('/main.js')).headers.get('content-type')).toMatch(/javascript/);
      for (const path of ['/.hidden', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/absent.js']) {
        expect([path, (await test.get(path)).status]).toEqual([path, 404]);
      }
      // What a client asks of a page can only be unusual, never a fault of ours.
      for (const headers of [
        { range: 'bytes=999-' },
        { 'if-match': '"another"' },
        { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
      ]) {
        expect((await test.request('GET', '/main.js', { headers })).status).toBe(200);
      }
      expect(test.logLines.join('')).not.toContain('request failed');
      const posted = await test.request('POST', '/main.js');
      expect([404, 405]).toContain(posted.status);
    } finally {
      rmSync(parent, { recursive: true });
    }
  });
});
