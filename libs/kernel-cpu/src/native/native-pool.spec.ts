import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { NativeAddon, NativeKernel, NativeOutcome, OnSettled } from './addon.ts';
import { NativePool } from './native-pool.ts';

/** An addon without threads: jobs settle when the spec says so. */
function fakeAddon(changes: Partial<NativeKernel> = {}) {
  const calls: string[] = [];
  let report: OnSettled = () => undefined;
  class FakeKernel {
    readonly isa = 'fake';
    constructor(_threadCount: number, _isa: string, onSettled: OnSettled) {
      report = onSettled;
    }
    cancel(job: number): void {
      calls.push(`cancel ${job}`);
    }
    takeResult(out: Uint8Array): void {
      out.fill(7);
    }
    close(): void {
      calls.push('close');
    }
  }
  Object.assign(FakeKernel.prototype, changes);
  const addon = { NativeKernel: FakeKernel } as unknown as NativeAddon;
  const settle = (job: number, outcome: NativeOutcome): void => {
    report(job, outcome, 1, 2, 3);
  };
  return { pool: new NativePool({ threadCount: 1, isa: '' }, addon), calls, settle };
}

const isReleased = async (released: Promise<void>): Promise<boolean> =>
  Promise.race([released.then(() => true), new Promise<false>((r) => setTimeout(r, 5, false))]);

describe('NativePool', () => {
  it('resolves with the result and adds up the times', async () => {
    const { pool, settle } = fakeAddon();
    const { result, released } = pool.submit(() => 1, 4);
    expect(await isReleased(released)).toBe(false);
    settle(1, 'done');
    expect(await result).toEqual(new Uint8Array(4).fill(7));
    expect(await isReleased(released)).toBe(true);
    expect(pool.times).toEqual({ streamsMs: 1, gemmMs: 2, hashingMs: 3 });
  });

  it('answers an abort at once, and releases when the threads have left', async () => {
    const { pool, settle, calls } = fakeAddon();
    const controller = new AbortController();
    const { result, released } = pool.submit(() => 5, 4, controller.signal);
    controller.abort('reason');
    await expect(result).rejects.toMatchObject({ code: 'aborted', cause: 'reason' });
    expect(calls).toEqual(['cancel 5']);
    expect(await isReleased(released)).toBe(false);
    // It may have been done before it heard of the abort.
    settle(5, 'done');
    expect(await isReleased(released)).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('submits nothing for a signal that has fired, nor once closed', async () => {
    const { pool } = fakeAddon();
    const submit = (signal?: AbortSignal) =>
      pool.submit(
        () => {
          throw new Error('not to be called');
        },
        0,
        signal,
      );
    const aborted = submit(AbortSignal.abort());
    await expect(aborted.result).rejects.toMatchObject({ code: 'aborted' });
    await aborted.released;
    pool.close();
    const late = submit();
    await expect(late.result).rejects.toMatchObject({ code: 'closed' });
    await late.released;
  });

  it('rejects what is pending when it closes, once the threads are gone', async () => {
    const order: string[] = [];
    const { pool } = fakeAddon({ close: () => order.push('joined') } as Partial<NativeKernel>);
    const { result, released } = pool.submit(() => 1, 0);
    const outcome = expect(result).rejects.toMatchObject({ code: 'closed' });
    void released.then(() => order.push('released'));
    pool.close();
    pool.close();
    await outcome;
    await released;
    expect(order).toEqual(['joined', 'released']);
  });

  it('says when memory ran out, in a thread, for a job or for its result', async () => {
    const { pool, settle } = fakeAddon();
    const inThread = pool.submit(() => 1, 4);
    settle(1, 'out_of_memory');
    await expect(inThread.result).rejects.toMatchObject({ code: 'out_of_memory' });
    await inThread.released;
    const forJob = pool.submit(() => {
      throw Object.assign(new Error('no'), { code: 'out_of_memory' });
    }, 4);
    await expect(forJob.result).rejects.toMatchObject({ code: 'out_of_memory' });
    await forJob.released;
    const forResult = pool.submit(() => 2, 2 ** 53);
    settle(2, 'done');
    await expect(forResult.result).rejects.toMatchObject({ code: 'out_of_memory' });
    await forResult.released;
  });

  it.each([new TypeError('n: expected a number'), Object.assign(new Error('x'), { code: 'EX' })])(
    'makes a kernel error of %p, and keeps it as the cause',
    async (cause) => {
      const { pool } = fakeAddon();
      const { result } = pool.submit(() => {
        throw cause;
      }, 0);
      await expect(result).rejects.toMatchObject({
        name: 'KernelError',
        code: 'thread_failed',
        cause,
      });
    },
  );

  it('takes no notice of jobs it does not know', () => {
    const { settle } = fakeAddon();
    expect(() => {
      settle(99, 'done');
    }).not.toThrow();
  });
});
