import { describe, expect, it } from '@jest/globals';
import { attemptOf } from './attempts.ts';
import type { KernelUnderTest, Subjects } from './kernel-under-test.ts';

/** Aborting and closing: only what was aborted or closed ends, and it ends with its own code. */
export function describeCancellation(underTest: KernelUnderTest, { kernel }: Subjects): void {
  const attempt = attemptOf({ m: 4096, n: 64, k: 64 });
  const aborted = { name: 'KernelError', code: 'aborted' };
  const closed = { name: 'KernelError', code: 'closed' };

  describe('cancellation', () => {
    it('rejects an aborted commit and computes the next one', async () => {
      const controller = new AbortController();
      const doomed = kernel().commit(attempt, { signal: controller.signal });
      const small = kernel().commit(attemptOf({ m: 64, n: 64, k: 64 }));
      controller.abort();
      await expect(doomed).rejects.toMatchObject(aborted);
      await expect(small).resolves.toHaveProperty('workRoot.length', 32);
    });

    it('rejects at once when the signal has fired before', async () => {
      const signal = AbortSignal.abort();
      await expect(kernel().commit(attempt, { signal })).rejects.toMatchObject(aborted);
      await expect(kernel().computeLeaves(attempt, [1], { signal })).rejects.toMatchObject(aborted);
      const control = { signal: new AbortController().signal };
      await expect(kernel().computeLeaves(attempt, [1], control)).resolves.toHaveLength(32);
    });

    it('rejects what is pending when it closes, and everything after', async () => {
      const closing = await underTest.createKernel({});
      const finished = await closing.commit(attemptOf({ m: 64, n: 64, k: 64 }));
      const pending = [
        closing.commit(attempt),
        closing.commit(attemptOf({ m: 4096, n: 128, k: 64 })),
        closing.computeLeaves(attempt, [1]),
      ];
      const outcomes = Promise.allSettled(pending);
      await closing.close();
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: closed });
      }
      await expect(closing.commit(attempt)).rejects.toMatchObject(closed);
      await expect(closing.computeLeaves(attempt, [1])).rejects.toMatchObject(closed);
      await expect(closing.close()).resolves.toBeUndefined();
      // What was committed with a whole tree needs no kernel any more.
      await expect(finished.open([0])).resolves.toHaveProperty('leaves.length', 32);
    });
  });
}
