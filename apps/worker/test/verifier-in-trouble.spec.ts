import { describe, expect, it } from '@jest/globals';
import { problemReply, type Reply, type Route } from './fake/fake-verifier.ts';
import { useFixture } from './fake/fixture.ts';
import { waitUntil } from './fake/worker-harness.ts';

const badGateway: Reply = {
  status: 502,
  text: '<html>bad gateway</html>',
  headers: { 'content-type': 'text/html' },
};

const fixture = useFixture();

describe('a verifier in trouble', () => {
  it('is waited for when it is not up yet', async () => {
    await fixture.verifier.stop();
    const { worker, stub, readiness } = fixture.start();
    await waitUntil('the circuit to open', () => worker.status().circuit === 'open');
    expect(readiness.report().ready).toBe(false);
    expect(stub.commitCount).toBe(0);
    await fixture.verifier.start();
    await fixture.accepted(3);
    expect(readiness.report().ready).toBe(true);
  });

  it('stops the work while it is down, and the work resumes by itself', async () => {
    // Nothing but the open circuit makes the worker look: the next poll is an hour away.
    const pace = { epochPollMs: 3_600_000 };
    const { worker, stub, readiness, metric } = fixture.start({ pace });
    await fixture.accepted(3);
    await fixture.verifier.stop();
    await waitUntil('the circuit to open', () => worker.status().circuit === 'open');
    await waitUntil('the attempt in progress to end', () => worker.status().in_flight <= 4);
    expect(worker.status().phase).toBe('waiting');
    expect(readiness.report().checks['circuit']?.ok).toBe(false);
    const computed = stub.commitCount;
    await new Promise((resolve) => setTimeout(resolve, 150));
    // The attempt that was being computed as the circuit opened may still have ended.
    expect(stub.commitCount).toBeLessThanOrEqual(computed + 1);
    await fixture.verifier.start();
    await fixture.accepted(3);
    expect(readiness.report().ready).toBe(true);
    expect(await metric('tops_worker_errors_total{kind="network"}')).toBeGreaterThan(0);
    expect(await metric('tops_worker_circuit_state{state="closed"}')).toBe(1);
  });

  it.each<[string, Route, Reply]>([
    ['503 for a receipt', 'receipt', problemReply('not_ready')],
    ['500 for a proof', 'proof', problemReply('internal_error')],
    ['a proxy page', 'receipt', badGateway],
    ['nonsense instead of JSON', 'receipt', { status: 201, text: '{"receipt_id":' }],
    ['a challenge of another form', 'receipt', { status: 201, body: { rows: 'all' } }],
    ['a cut connection', 'proof', { drop: true }],
    ['429', 'receipt', problemReply('rate_limited')],
    ['overload', 'proof', problemReply('overloaded')],
    ['too many open challenges', 'receipt', problemReply('too_many_open_challenges')],
  ])('%s is tried again and nothing is lost', async (_name, route, reply) => {
    fixture.failNext(route, 2, reply);
    const { worker, metric } = fixture.start({ settings: { maxAnswersInFlight: 1 } });
    await fixture.accepted(2);
    expect(fixture.verifier.requestCounts[route]).toBeGreaterThanOrEqual(4);
    await waitUntil('figures', () => worker.status().accepted >= 2);
    expect(worker.status()).toMatchObject({ lost: 0, missed: 0, rejected: 0 });
    const kinds = ['network', 'validation'].map((kind) =>
      metric(`tops_worker_errors_total{kind="${kind}"}`),
    );
    const errors = (await Promise.all(kinds)).reduce((sum, count) => sum + count, 0);
    expect(errors).toBe(2);
  });

  it('that is slower than the request timeout is asked again', async () => {
    fixture.failNext('receipt', 1, { status: 201, delayMs: 300, text: '' });
    const { worker } = fixture.start({ settings: { requestTimeoutMs: 100 } });
    await fixture.accepted(3);
    expect(worker.status().lost).toBe(0);
  });

  it('that refuses for good is not asked again', async () => {
    fixture.failNext('receipt', 1, problemReply('shape_over_limit'));
    const { worker, codes, metric } = fixture.start();
    await fixture.accepted(2);
    expect(new Set(fixture.verifier.nonces).size).toBe(fixture.verifier.nonces.length);
    await waitUntil('the lost one', () => worker.status().lost === 1);
    expect(codes()).toContain('shape_over_limit');
    expect(await metric('tops_worker_rejected_total{code="shape_over_limit"}')).toBe(1);
  });

  it('that speaks of unknown codes does not grow the label set', async () => {
    fixture.failNext('receipt', 1, {
      status: 418,
      body: { code: 'teapot', detail: 'short and stout' },
    });
    const { metric, worker } = fixture.start();
    await fixture.accepted(1);
    await waitUntil('the lost one', () => worker.status().lost === 1);
    expect(await metric('tops_worker_rejected_total{code="other"}')).toBe(1);
  });
});

describe('epochs', () => {
  it.each(['epoch_closed', 'prev_hash_mismatch'] as const)(
    '%s makes the worker look again at once',
    async (code) => {
      // Only the refusal can tell: the next poll is an hour away.
      const { codes } = fixture.start({ pace: { epochPollMs: 3_600_000 } });
      await fixture.accepted(2);
      const { epochId } = fixture.verifier;
      fixture.verifier.nextEpoch();
      if (code === 'prev_hash_mismatch') fixture.verifier.epochId = epochId;
      await waitUntil('the refusal', () => codes().includes(code));
      // Proofs of the old epoch may still come in: more than can be in flight show the new one.
      await fixture.accepted(6);
      expect(fixture.verifier.requestCounts.epoch).toBeLessThanOrEqual(6);
    },
  );

  it('an attempt that would end after its epoch is not started', async () => {
    fixture.verifier.limits = { ...fixture.verifier.limits, grace_seconds: 0 };
    const { worker, stub, metric } = fixture.start();
    await fixture.accepted(1);
    stub.durationMs = 400;
    await waitUntil('a slow attempt', () => worker.status().accepted >= 1 && stub.commitCount >= 3);
    await fixture.accepted(5);
    fixture.verifier.nextEpoch(300);
    await waitUntil('a skipped attempt', () => worker.status().skipped === 1);
    const started = stub.commitCount;
    fixture.verifier.nextEpoch();
    await fixture.accepted(1);
    expect(stub.commitCount).toBeGreaterThan(started);
    expect(await metric('tops_worker_attempts_total{outcome="skipped"}')).toBe(1);
  });

  it('an attempt whose epoch closed meanwhile is dropped, not sent', async () => {
    fixture.verifier.limits = { ...fixture.verifier.limits, grace_seconds: 0 };
    fixture.verifier.nextEpoch(2000);
    const { stub, worker } = fixture.start();
    // Its duration is not known before, so the first one is started.
    stub.durationMs = () => fixture.verifier.closesAt - Date.now() + 200;
    await waitUntil('the first attempt', () => stub.commitCount === 1);
    await waitUntil('it to be dropped', () => worker.status().lost === 1);
    stub.durationMs = 5;
    expect(fixture.verifier.requestCounts.receipt).toBe(0);
    expect(worker.status().last_error?.code).toBe('epoch_closed');
    fixture.verifier.nextEpoch();
    await fixture.accepted(1);
  });
});
