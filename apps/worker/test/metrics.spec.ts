import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { KernelError, type Attempt, type KernelOptions } from '@tops/kernel-spec';
import { problemReply, type Reply } from './fake/fake-verifier.ts';
import { useFixture } from './fake/fixture.ts';
import { StubKernel } from './fake/stub-kernel.ts';
import { waitUntil } from './fake/worker-harness.ts';

/** Computes as many attempts as it may, one of them in vain. */
class CountedKernel extends StubKernel {
  override durationMs = 20;
  attemptCountMax = 6;
  readonly failingAttempt = 6;

  override async commit(attempt: Attempt, options: KernelOptions = {}) {
    while (this.commitCount >= this.attemptCountMax) await sleep(2, undefined, options);
    const isFailing = this.commitCount + 1 === this.failingAttempt;
    this.commitError = isFailing ? new KernelError('thread_failed', 'gone') : undefined;
    return await super.commit(attempt, options);
  }
}

/** 2·m·n·(k+n) of the harness's shape 64,64,64. */
const opsPerAttempt = 1_048_576;

const fixture = useFixture();

/** Answers to the requests of one route in order: the first to the first, honest where there is none. */
function scriptReplies(replies: Record<'receipt' | 'proof', (Reply | undefined)[]>): void {
  fixture.verifier.script = (route) =>
    route === 'receipt' || route === 'proof' ? replies[route].shift() : undefined;
}

describe('metrics', () => {
  it('have the values of the attempts that were made', async () => {
    scriptReplies({
      // The first two attempts are accepted, the second one of them after a cut connection.
      receipt: [
        undefined,
        { drop: true },
        undefined,
        problemReply('signature_invalid'),
        problemReply('shape_over_limit'),
      ],
      proof: [undefined, undefined, problemReply('row_mismatch')],
    });
    const kernel = new CountedKernel();
    const { worker, metric } = fixture.start({ kernel, settings: { maxAnswersInFlight: 1 } });
    const figures = async (names: readonly string[]) =>
      Object.fromEntries(
        await Promise.all(
          names.map(async (name) => [name, await metric(`tops_worker_${name}`)] as const),
        ),
      );
    const expectFigures = async (expected: Record<string, number>) =>
      expect(await figures(Object.keys(expected))).toEqual(expected);

    await waitUntil('six attempts to end', () => {
      const { accepted, rejected, lost } = worker.status();
      return accepted + rejected + lost === 6;
    });
    await waitUntil('verified ops', () => worker.status().verified_tops !== null);
    await expectFigures({
      'attempts_total{outcome="accepted"}': 2,
      'attempts_total{outcome="refused"}': 2,
      'attempts_total{outcome="rejected"}': 1,
      'attempts_total{outcome="kernel_error"}': 1,
      accepted_total: 2,
      'rejected_total{code="signature_invalid"}': 1,
      'rejected_total{code="shape_over_limit"}': 1,
      'rejected_total{code="row_mismatch"}': 1,
      'rejected_total{code="commit_failed"}': 1,
      'rejected_total{code="other"}': 0,
      ops_total: 5 * opsPerAttempt,
      credited_ops_total: 2 * opsPerAttempt,
      attempt_seconds_count: 5,
      submit_seconds_count: 5,
      'errors_total{kind="gpu"}': 1,
      'errors_total{kind="network"}': 1,
      'errors_total{kind="signature"}': 1,
      'errors_total{kind="validation"}': 2,
      consecutive_failures: 4,
      'circuit_state{state="closed"}': 1,
      'circuit_state{state="half_open"}': 0,
      'circuit_state{state="open"}': 0,
      answers_in_flight: 0,
      attempt_rows: 64,
      attempt_target_seconds: 0,
      epoch: 1000,
      verified_ops_per_second: 0.125e12,
    });
    // Seconds: milliseconds would be a thousand times as many. Timers may fire a little early.
    const sums = await figures(['attempt_seconds_sum', 'submit_seconds_sum']);
    expect(sums['attempt_seconds_sum']).toBeGreaterThan(5 * 0.015);
    expect(sums['attempt_seconds_sum']).toBeLessThan(5 * 15);
    expect(sums['submit_seconds_sum']).toBeGreaterThan(0);

    kernel.attemptCountMax = 7;
    await waitUntil('one more accepted', () => worker.status().accepted === 3);
    await expectFigures({ accepted_total: 3, consecutive_failures: 0, submit_seconds_count: 6 });

    await fixture.verifier.stop();
    await waitUntil('the circuit to open', () => worker.status().circuit === 'open');
    await waitUntil(
      'its metric',
      async () => (await metric('tops_worker_circuit_state{state="open"}')) === 1,
    );
    await expectFigures({ 'circuit_state{state="closed"}': 0 });
  });

  it('say what attempts are scaled to, from the start on', async () => {
    const autotune = { targetMs: 250, presets: [{ m: 64, n: 64, k: 64 }], isDisabled: false };
    const { metric } = fixture.start({ settings: { autotune } });
    expect(await metric('tops_worker_attempt_target_seconds')).toBe(0.25);
  });
});
