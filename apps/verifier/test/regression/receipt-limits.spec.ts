import { afterEach, describe, expect, it } from '@jest/globals';
import { TestVerifier } from '../test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test-worker.ts';

let test: TestVerifier;

afterEach(() => test.close());

describe('a reused nonce', () => {
  it('is 409 for another receipt, and the first one stands', async () => {
    test = await TestVerifier.start();
    const worker = new TestWorker(21);
    const epoch = await test.epoch();
    const first = await worker.attempt(epoch, { change: { nonce: 7 } });
    const challenge = await test.challenge(first);
    const before = await test.recorded();
    const second = await worker.attempt(epoch, { change: { nonce: 7, time_ms: 5 } });
    const answer = await test.post('/v1/receipts', second.receipt);
    expect([answer.status, answer.body.code]).toEqual([409, 'nonce_already_used']);
    expect(await test.recorded()).toBe(before);
    expect((await test.prove(first, challenge)).status).toBe(200);
    // Another key, and the same key in another epoch, may use it.
    const other = await new TestWorker(22).attempt(epoch, { change: { nonce: 7 } });
    expect((await test.post('/v1/receipts', other.receipt)).status).toBe(201);
    test.clock.advance(60_000);
    const later = await worker.attempt(await test.epoch(), { change: { nonce: 7 } });
    expect((await test.post('/v1/receipts', later.receipt)).status).toBe(201);
  });
});

describe('grace', () => {
  it('takes receipts of the epoch before until its end, to the millisecond', async () => {
    test = await TestVerifier.start({ limits: { grace_seconds: 5 } });
    const worker = new TestWorker(23);
    const old = await test.epoch();
    const inTime = await worker.attempt(old);
    const late = await worker.attempt(old);
    test.clock.set(old.closes_at + 4999);
    expect((await test.epoch()).epoch_id).toBe(old.epoch_id + 1);
    expect((await test.post('/v1/receipts', inTime.receipt)).status).toBe(201);
    test.clock.set(old.closes_at + 5000);
    const answer = await test.post('/v1/receipts', late.receipt);
    expect([answer.status, answer.body.code]).toEqual([409, 'epoch_closed']);
  });
});

describe('the allow-list', () => {
  it('takes listed keys only', async () => {
    const listed = new TestWorker(24);
    test = await TestVerifier.start({ protocol: { allowedKeys: new Set([listed.publicKeyHex]) } });
    const epoch = await test.epoch();
    const stranger = await new TestWorker(25).attempt(epoch);
    const answer = await test.post('/v1/receipts', stranger.receipt);
    expect([answer.status, answer.body.code]).toEqual([403, 'key_not_allowed']);
    expect(await test.ledger.listWorkers({ limit: 1 })).toEqual([]);
    const attempt = await listed.attempt(epoch);
    expect((await test.post('/v1/receipts', attempt.receipt)).status).toBe(201);
  });
});

describe('VERIFY_DISABLE', () => {
  it('skips the signature and nothing else', async () => {
    test = await TestVerifier.start({ protocol: { skipSignatures: true } });
    const attempt = await new TestWorker(26).attempt(await test.epoch());
    const unsigned = { ...attempt.receipt, sig_hex: '00'.repeat(64) };
    expect((await test.post('/v1/receipts', unsigned)).status).toBe(201);
    const wrongEpoch = { ...unsigned, nonce: 99, epoch_id: 1 };
    expect((await test.post('/v1/receipts', wrongEpoch)).body.code).toBe('epoch_closed');
  });
});

describe('open challenges', () => {
  it('are capped per new key; a replay still answers, and an answer makes room', async () => {
    test = await TestVerifier.start({ limits: { max_open_challenges_new_key: 2 } });
    const worker = new TestWorker(27);
    const epoch = await test.epoch();
    const attempts: TestAttempt[] = [];
    for (let i = 0; i < 3; i++) attempts.push(await worker.attempt(epoch));
    const first = await test.challenge(attempts[0]!);
    await test.challenge(attempts[1]!);
    const before = await test.recorded();
    const answer = await test.post('/v1/receipts', attempts[2]!.receipt);
    expect([answer.status, answer.body.code]).toEqual([429, 'too_many_open_challenges']);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await test.recorded()).toBe(before);
    expect((await test.post('/v1/receipts', attempts[0]!.receipt)).status).toBe(200);
    await test.prove(attempts[0]!, first);
    expect((await test.post('/v1/receipts', attempts[2]!.receipt)).status).toBe(201);
  });

  it('are capped per address over all keys', async () => {
    test = await TestVerifier.start({
      protocol: { maxOpenChallengesPerAddress: 2 },
      http: { trustProxyHops: 1 },
    });
    const epoch = await test.epoch();
    const attempts: TestAttempt[] = [];
    for (let i = 0; i < 3; i++) attempts.push(await new TestWorker(30 + i).attempt(epoch));
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const submit = (i: number, address: string) =>
      test.post('/v1/receipts', attempts[i]!.receipt, from(address));
    expect((await submit(0, '192.0.2.1')).status).toBe(201);
    expect((await submit(1, '192.0.2.1')).status).toBe(201);
    const refused = await submit(2, '192.0.2.1');
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_open_challenges']);
    expect((await submit(0, '192.0.2.1')).status).toBe(200);
    expect((await submit(2, '192.0.2.2')).status).toBe(201);
    test.clock.advance(10_001);
    await test.verifier.epochs.tick();
    const later = await new TestWorker(33).attempt(await test.epoch());
    const answer = await test.post('/v1/receipts', later.receipt, from('192.0.2.1'));
    expect(answer.status).toBe(201);
  });
});

describe('rates', () => {
  it('charge a key only for what it signed', async () => {
    test = await TestVerifier.start({ limits: { receipts_per_second_per_key: 3 } });
    const worker = new TestWorker(28);
    const attempt = await worker.attempt(await test.epoch());
    const forged = { ...attempt.receipt, time_ms: 2 };
    for (let i = 0; i < 10; i++) {
      expect((await test.post('/v1/receipts', forged)).body.code).toBe('signature_invalid');
    }
    const epoch = await test.epoch();
    const others = [];
    for (let i = 0; i < 3; i++) others.push(await worker.attempt(epoch));
    // All at once, so that they fall into one window however slow the machine is.
    const answers = await Promise.all(
      [attempt, ...others].map(({ receipt }) => test.post('/v1/receipts', receipt)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429]);
    const refused = answers.find(({ status }) => status === 429)!;
    expect(refused.body.code).toBe('rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const other = await new TestWorker(29).attempt(await test.epoch());
    expect((await test.post('/v1/receipts', other.receipt)).status).toBe(201);
  });

  it('charge an address before anything is read, but never a probe', async () => {
    test = await TestVerifier.start({
      http: { requestsPerSecondPerAddress: 5, trustProxyHops: 1 },
    });
    const get = (path: string, address: string) =>
      test.request('GET', path, { headers: { 'x-forwarded-for': address } });
    // One /64 between them; the other address and the probes are asked in the same window.
    const block = ['::1', '::2', '::3', '::4', '::5', '::ffff'].map((tail) => `2001:db8${tail}`);
    const answers = await Promise.all([
      ...block.map((address) => get('/v1/epoch', address)),
      get('/v1/epoch', '2001:db8:0:1::1'),
      ...['/health', '/ready'].map((path) => get(path, '2001:db8::1')),
    ]);
    const ofBlock = answers.slice(0, 6);
    expect(ofBlock.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429]);
    const refused = ofBlock.find(({ status }) => status === 429)!;
    expect(refused.body.code).toBe('rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(answers.slice(6).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('charge a long page of workers like the many requests it is worth', async () => {
    test = await TestVerifier.start({ http: { requestsPerSecondPerAddress: 40 } });
    // 1 + 20 points each: the second is over; ordinary requests in the same window are not.
    const [first, ...rest] = await Promise.all([
      test.get('/v1/workers?limit=500'),
      ...Array.from({ length: 10 }, () => test.get('/v1/workers?limit=1')),
    ]);
    expect([first, ...rest].map((answer) => answer!.status)).toEqual(Array(11).fill(200));
    const pages = await Promise.all([1, 2, 3].map(() => test.get('/v1/workers?limit=500')));
    expect(pages.map(({ status }) => status)).toContain(429);
  });

  it('let a single long page through however low they are', async () => {
    test = await TestVerifier.start({ http: { requestsPerSecondPerAddress: 2 } });
    expect((await test.get('/v1/workers?limit=500')).status).toBe(200);
  });

  it('ignore X-Forwarded-For when no proxy is trusted', async () => {
    test = await TestVerifier.start({ http: { requestsPerSecondPerAddress: 2 } });
    const answers = await Promise.all(
      ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) =>
        test.request('GET', '/v1/epoch', { headers: { 'x-forwarded-for': address } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });
});
