// An answer that failed by a bug while the worker was draining used to vanish: neither counted nor said.
import { describe, expect, it } from '@jest/globals';
import { StubKernel } from '../fake/stub-kernel.ts';
import { useFixture } from '../fake/fixture.ts';
import { waitUntil } from '../fake/worker-harness.ts';

const fixture = useFixture();

/** Its openings are waited for, and then are none. */
function brokenKernel() {
  const stub = new StubKernel();
  let isOpening = false;
  let open: (nothing: never) => void = () => undefined;
  const opening = new Promise<never>((resolve) => (open = resolve));
  const commit: StubKernel['commit'] = async (attempt, options) => ({
    ...(await StubKernel.prototype.commit.call(stub, attempt, options)),
    open: async () => {
      isOpening = true;
      return await opening;
    },
  });
  stub.commit = commit;
  return { stub, isOpening: () => isOpening, open: () => open(undefined as never) };
}

describe('an answer that fails by a bug', () => {
  it('ends the worker while it runs', async () => {
    const { stub, isOpening, open } = brokenKernel();
    const { running, worker } = fixture.start({ kernel: stub });
    await waitUntil('an opening', isOpening);
    open();
    await expect(running).rejects.toThrow(TypeError);
    await waitUntil('the figures', () => worker.status().lost > 0);
  });

  it('is counted and thrown by the drain when the worker is stopping', async () => {
    const { stub, isOpening, open } = brokenKernel();
    const settings = { maxAnswersInFlight: 1 };
    const { running, worker, stop } = fixture.start({ kernel: stub, settings });
    await waitUntil('an opening', isOpening);
    const stopping = stop();
    await running;
    open();
    await expect(stopping).rejects.toThrow(TypeError);
    expect(worker.status()).toMatchObject({ lost: 1, in_flight: 0 });
  });
});
