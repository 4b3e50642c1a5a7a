import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@tops/kernel-spec';
import { problemReply } from './fake/fake-verifier.ts';
import { useFixture } from './fake/fixture.ts';
import { StubKernel } from './fake/stub-kernel.ts';
import { waitUntil } from './fake/worker-harness.ts';

const fixture = useFixture();

/** A GPU: the host hears of an attempt's end some time after the device has all of it. */
function gpu(changes: Partial<StubKernel> = {}): StubKernel {
  return Object.assign(new StubKernel(), { durationMs: 40, queuedBeforeEndMs: 30 }, changes);
}

describe('with a device that has a queue', () => {
  it('begins the next attempt while the last one is read back, and never a third', async () => {
    const kernel = gpu();
    const startedAtMs = performance.now();
    const { worker, metric } = fixture.start({ kernel });
    await fixture.accepted(6);
    expect(kernel.underWayMax).toBe(2);
    expect(worker.status()).toMatchObject({ rejected: 0, lost: 0, missed: 0 });
    // Each attempt is charged what it adds, not the wait behind the one before it: together no more than passed.
    const seconds = await metric('tops_worker_attempt_seconds_sum');
    expect(seconds * 1000).toBeLessThanOrEqual(performance.now() - startedAtMs);
  });

  it('computes one after the other without a queue', async () => {
    const kernel = gpu({ queuedBeforeEndMs: undefined });
    fixture.start({ kernel });
    await fixture.accepted(4);
    expect(kernel.underWayMax).toBe(1);
  });

  it('stops computing when all answers are in flight and one attempt waits', async () => {
    fixture.verifier.script = (route) =>
      route === 'proof' ? problemReply('overloaded', { delayMs: 400 }) : undefined;
    const kernel = gpu({ durationMs: 10, queuedBeforeEndMs: 5 });
    fixture.start({ kernel, settings: { maxAnswersInFlight: 2 } });
    await waitUntil('attempts', () => kernel.commitCount >= 4);
    await new Promise((resolve) => setTimeout(resolve, 150));
    // Two in flight, two waiting for their place.
    expect(kernel.commitCount).toBe(4);
  });

  it('counts two attempts lost to one fault as one failure of the device', async () => {
    const kernel = gpu({ commitError: new KernelError('device_lost', 'unplugged') });
    const { worker, metric, running } = fixture.start({ kernel });
    await expect(running).rejects.toMatchObject({ code: 'device_lost' });
    // Five failures in a row end the worker; most of them took two attempts down.
    const lost = await metric('tops_worker_attempts_total{outcome="kernel_error"}');
    expect(lost).toBeGreaterThan(5);
    expect(lost).toBeLessThanOrEqual(10);
    expect(worker.status().lost).toBe(lost);
  });

  it('leaves nothing behind when it is stopped in the middle of two', async () => {
    const kernel = gpu();
    const { stop, metric, worker } = fixture.start({ kernel });
    await fixture.accepted(1);
    await waitUntil('two under way', () => kernel.underWay === 2);
    await stop();
    expect(kernel.underWay).toBe(0);
    expect(await metric('tops_worker_attempts_total{outcome="aborted"}')).toBeGreaterThan(0);
    const { attempts, accepted, rejected, missed, lost } = worker.status();
    const aborted = await metric('tops_worker_attempts_total{outcome="aborted"}');
    expect(accepted + rejected + missed + lost + aborted).toBe(attempts);
  });
});
