import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LedgerError } from '@tops/ledger';
import { TestVerifier } from '../test/test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test/test-worker.ts';

let test: TestVerifier;
let attempt: TestAttempt;

beforeEach(async () => {
  test = await TestVerifier.start();
  attempt = await new TestWorker(111).attempt(await test.epoch());
});

afterEach(() => test.close());

/** Has the ledger fail one way, submits, and lets it work again. */
async function submitWhile(error: Error) {
  const { ledger } = test;
  const commit = ledger.commitReceipt.bind(ledger);
  ledger.commitReceipt = () => Promise.reject(error);
  const answer = await test.post('/v1/receipts', attempt.receipt);
  ledger.commitReceipt = commit;
  return answer;
}

describe('a fault of the ledger', () => {
  it.each([
    ['a full queue', new LedgerError('overloaded', '4096 wait'), 503, 'overloaded', '1'],
    ['a full disk', new LedgerError('disk_full', '/path is full'), 503, 'not_ready', '1'],
    ['a sealed epoch', new LedgerError('epoch_sealed', '5 is sealed'), 409, 'epoch_closed', null],
    ['a bug', new TypeError('undefined in /path'), 500, 'internal_error', null],
  ])('%s is told by its code, and no more', async (_name, error, status, code, retryAfter) => {
    const answer = await submitWhile(error);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
    expect(answer.text).not.toContain(error.message);
    // The receipt may come again, and takes no place among the open ones meanwhile.
    expect((await test.post('/v1/receipts', attempt.receipt)).status).toBe(201);
  });

  it('is logged with its cause and counted', async () => {
    await submitWhile(new LedgerError('disk_full', 'no space left'));
    await submitWhile(new TypeError('a bug'));
    expect(test.logLines.join('')).toContain('no space left');
    const metrics = await test.metrics();
    expect(metrics).toContain('tops_verifier_errors_total{kind="ledger"} 1\n');
    expect(metrics).toContain('tops_verifier_errors_total{kind="internal"} 1\n');
  });
});

describe('an export whose reader leaves', () => {
  it('is no fault', async () => {
    const epoch = await test.epoch();
    const controller = new AbortController();
    const { ledger } = test;
    const credits = ledger.epochCredits.bind(ledger);
    ledger.epochCredits = async (...args) => {
      controller.abort();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return credits(...args);
    };
    const path = `/v1/epochs/${epoch.epoch_id}/credits.csv`;
    await expect(
      fetch(test.url + path, { signal: controller.signal }).then((answer) => answer.text()),
    ).rejects.toThrow();
    ledger.epochCredits = credits;
    expect((await test.get(path)).status).toBe(200);
    expect(test.logLines.join('')).not.toContain('request failed');
  });
});

describe('exports', () => {
  const path = async () => `/v1/epochs/${(await test.epoch()).epoch_id}/credits.json`;

  it('are few at a time for one address, and their places come back', async () => {
    const url = await path();
    const { ledger } = test;
    const credits = ledger.epochCredits.bind(ledger);
    let free: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (free = resolve));
    let reading = 0;
    ledger.epochCredits = async (...args) => {
      reading++;
      await held;
      return credits(...args);
    };
    const running = Array.from({ length: 4 }, () => test.get(url));
    while (reading < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await test.get(url);
    expect([refused.status, refused.body.code]).toEqual([503, 'overloaded']);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await test.get('/v1/epochs')).status).toBe(200);
    free();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    // More than there are places, one after another, in every way an export can end.
    for (let i = 0; i < 5; i++) {
      expect((await test.request('HEAD', url)).status).toBe(200);
      expect((await test.get(url)).status).toBe(200);
    }
    ledger.epochCredits = () => Promise.reject(new LedgerError('io', 'unreadable'));
    for (let i = 0; i < 5; i++) await expect(test.get(url)).rejects.toThrow();
    ledger.epochCredits = credits;
    expect((await test.get(url)).status).toBe(200);
  });
});
