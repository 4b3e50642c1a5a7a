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
