import { describe, expect, it } from '@jest/globals';
import { bytesToHex } from '@tops/crypto';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { deriveAttemptKey, KernelError } from '@tops/kernel-spec';
import { problemReply } from './fake/fake-verifier.ts';
import { useFixture } from './fake/fixture.ts';
import { waitUntil } from './fake/worker-harness.ts';

const fixture = useFixture();

describe('the work loop', () => {
  it('computes, commits, signs, submits and answers', async () => {
    const { worker, metric, readiness } = fixture.start();
    await fixture.accepted(5);
    await waitUntil('figures', () => worker.status().accepted >= 5);
    const status = worker.status();
    expect(status).toMatchObject({
      phase: 'working',
      circuit: 'closed',
      rejected: 0,
      epoch_id: 1000,
    });
    expect(BigInt(status.credited_ops)).toBe(BigInt(status.accepted) * 1_048_576n);
    expect(await metric('tops_worker_attempts_total{outcome="accepted"}')).toBeGreaterThanOrEqual(
      5,
    );
    expect(readiness.report().ready).toBe(true);
    await waitUntil('verified TOPS', () => worker.status().verified_tops === 0.125);
  });

  it('proves real rows with a real kernel', async () => {
    const kernel = createReferenceKernel();
    fixture.verifier.judge = async ({ parsed, challenge }, leaves) => {
      const { nonce, sizes: shape } = parsed.receipt;
      const { prevHash, publicKey } = parsed;
      const attemptKey = deriveAttemptKey({ prevHash, publicKey, nonce, shape });
      const expected = await createReferenceKernel().computeLeaves(
        { attemptKey, shape },
        challenge.rows,
      );
      return bytesToHex(expected) === bytesToHex(leaves);
    };
    const { worker } = fixture.start({ kernel });
    await fixture.accepted(2);
    expect(worker.status().rejected).toBe(0);
  });

  it('counts nonces up from one random start', async () => {
    const { stub } = fixture.start();
    await fixture.accepted(4);
    // Receipts are in flight together, so they arrive in any order and one of them may still be on its way.
    const nonces = [...fixture.verifier.nonces];
    expect(new Set(nonces).size).toBe(nonces.length);
    expect(Math.max(...nonces) - Math.min(...nonces)).toBeLessThan(stub.commitCount);
  });

  it('keeps computing while answers are in flight, up to the bound', async () => {
    fixture.verifier.script = (route) => {
      if (route !== 'proof') return undefined;
      return problemReply('overloaded', { delayMs: 100 });
    };
    const { worker, stub } = fixture.start({ settings: { maxAnswersInFlight: 2 } });
    await waitUntil('two answers in flight', () => worker.status().in_flight === 2);
    // One more may be computed and waiting for a place.
    await waitUntil('a third attempt', () => stub.commitCount === 3);
    await waitUntil('proofs tried again', () => fixture.verifier.requestCounts.proof >= 6);
    expect(stub.commitCount).toBe(3);
    expect(fixture.verifier.maxOpen).toBe(2);
    fixture.verifier.script = () => undefined;
    await fixture.accepted(5);
    expect(fixture.verifier.maxOpen).toBe(2);
  });

  it('never shows the seed, whatever it logs', async () => {
    const { worker, lines, keyPair } = fixture.start({ settings: { logsReceipts: true } });
    await fixture.accepted(2);
    const shown = JSON.stringify([lines, worker.status()]);
    expect(shown).toContain(bytesToHex(keyPair.publicKey));
    expect(shown).not.toContain(bytesToHex(keyPair.seed));
  });
});

describe('verdicts', () => {
  it('a nonce that is taken starts a new random base', async () => {
    fixture.failNext('receipt', 1, problemReply('nonce_already_used'));
    fixture.start({ settings: { maxAnswersInFlight: 1 } });
    await fixture.accepted(3);
    const jumps = fixture.verifier.nonces
      .slice(1)
      .filter((nonce, i) => nonce !== fixture.verifier.nonces[i]! + 1);
    expect(jumps).toHaveLength(1);
  });

  it('a late answer is a missed one, and the work goes on', async () => {
    fixture.failNext('proof', 1, problemReply('deadline_passed'));
    const { worker } = fixture.start();
    await fixture.accepted(2);
    await waitUntil('the missed one', () => worker.status().missed === 1);
    expect(worker.status().rejected).toBe(0);
  });

  it('a row mismatch is reported as what it is, and the work goes on', async () => {
    const reply = problemReply('row_mismatch');
    fixture.failNext('proof', 1, {
      ...reply,
      body: { ...(reply.body as object), status: 'rejected', row: 7 },
    });
    const { worker, lines } = fixture.start();
    await fixture.accepted(2);
    await waitUntil('the rejected one', () => worker.status().rejected === 1);
    expect(
      lines.find((line) => line['code'] === 'row_mismatch' && line['level'] === 'error'),
    ).toMatchObject({ row: 7 });
  });

  it('a key in quarantine stops the work until it is let in again', async () => {
    let isQuarantined = true;
    fixture.verifier.script = (route) =>
      route === 'receipt' && isQuarantined ? problemReply('key_quarantined') : undefined;
    fixture.verifier.closesAt = Date.now() + 1200;
    const { stub, readiness } = fixture.start({ settings: { maxAnswersInFlight: 1 } });
    await waitUntil('the key check', () => readiness.report().checks['key']?.ok === false);
    expect(stub.commitCount).toBeLessThanOrEqual(3);
    isQuarantined = false;
    fixture.verifier.nextEpoch();
    await fixture.accepted(1);
    await waitUntil('the key check', () => readiness.report().ready);
  });
});

describe('the compute device', () => {
  it('may fail now and then', async () => {
    const { stub, worker, metric } = fixture.start();
    await fixture.accepted(1);
    stub.commitError = new KernelError('thread_failed', 'a thread went away');
    await waitUntil('two failures', () => worker.status().last_error?.code === 'commit_failed');
    stub.commitError = undefined;
    await fixture.accepted(2);
    expect(await metric('tops_worker_errors_total{kind="gpu"}')).toBeGreaterThan(0);
  });

  it('that keeps failing ends the worker', async () => {
    const { stub, running: run } = fixture.start();
    stub.commitError = new KernelError('thread_failed', 'a thread went away');
    await expect(run).rejects.toThrow('a thread went away');
    expect(stub.commitCount).toBe(5);
  });

  it('that cannot open what it committed to loses that attempt only', async () => {
    const { stub, worker } = fixture.start();
    await fixture.accepted(1);
    stub.openError = new KernelError('self_test_failed', 'a subtree differs');
    await waitUntil('a lost one', () => worker.status().last_error?.code === 'opening_failed');
    stub.openError = undefined;
    await fixture.accepted(2);
  });
});

describe('shutdown', () => {
  it('gives the attempt in progress up and lets answers in flight finish', async () => {
    const { stub, worker, stop } = fixture.start({ settings: { maxAnswersInFlight: 4 } });
    fixture.verifier.judge = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return true;
    };
    await waitUntil('answers in flight', () => worker.status().in_flight >= 2);
    stub.durationMs = 60_000;
    const committed = fixture.verifier.receipts.size;
    await stop();
    expect(committed).toBeGreaterThanOrEqual(1);
    expect(fixture.verifier.acceptedCount).toBe(fixture.verifier.receipts.size);
    expect(worker.status()).toMatchObject({ phase: 'stopping', in_flight: 0, lost: 0 });
  });

  it('cuts answers off at the bound', async () => {
    fixture.verifier.judge = () => new Promise(() => undefined);
    const { worker, stop, lines } = fixture.start();
    await waitUntil('an answer in flight', () => fixture.verifier.requestCounts.proof >= 1);
    await stop(50);
    expect(worker.status().in_flight).toBe(0);
    expect(lines.map((line) => line['message'])).toContain(
      'answers in flight cut off at the shutdown deadline',
    );
  });
});
