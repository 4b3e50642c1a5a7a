import { describe, expect, it } from '@jest/globals';
import type { CpuKernel, LeavesRequest } from '@tops/kernel-cpu';
import type { Kernel } from '@tops/kernel-spec';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { attemptOf, smallAttempts } from './attempts.ts';
import { PROPERTY_TIMEOUT_MS, type KernelUnderTest, type Subjects } from './kernel-under-test.ts';

type BatchingKernel = Pick<CpuKernel, 'computeLeavesBatch'>;

/** Some attempts of one n and k under their own keys and m, each with rows in any order, repeats and none at all included. */
const batches: fc.Arbitrary<LeavesRequest[]> = smallAttempts.chain(({ shape: { n, k } }) =>
  fc.array(
    smallAttempts.chain(({ attemptKey, shape: { m } }) =>
      fc.record({
        attempt: fc.constant({ attemptKey, shape: { m, n, k } }),
        rows: fc.array(fc.nat({ max: m - 1 }), { maxLength: 80 }),
      }),
    ),
    { maxLength: 6 },
  ),
);

function isBatching(kernel: Kernel): kernel is Kernel & BatchingKernel {
  return 'computeLeavesBatch' in kernel;
}

/** Rows of several attempts at once, for the kernels that take them. */
export function describeBatches(underTest: KernelUnderTest, { kernel }: Subjects): void {
  const batching = (): BatchingKernel => {
    const subject = kernel();
    if (!isBatching(subject)) throw new TypeError(`${underTest.name} takes no batches`);
    return subject;
  };

  describe('batches', () => {
    it(
      'give what each attempt gives alone',
      async () => {
        await fc.assert(
          fc.asyncProperty(batches, async (items) => {
            const alone = [];
            for (const { attempt, rows } of items) {
              alone.push(await kernel().computeLeaves(attempt, rows));
            }
            expect(await batching().computeLeavesBatch(items)).toEqual(alone);
          }),
          fcParameters(underTest.runCount),
        );
      },
      PROPERTY_TIMEOUT_MS,
    );

    it('refuse attempts of different widths and rows out of range, with nothing else of them done', async () => {
      const item = { attempt: attemptOf({ m: 64, n: 64, k: 64 }), rows: [0, 63] };
      for (const other of [
        { ...item, attempt: attemptOf({ m: 64, n: 128, k: 64 }) },
        { ...item, attempt: attemptOf({ m: 64, n: 64, k: 128 }) },
        { ...item, rows: [64] },
      ]) {
        await expect(batching().computeLeavesBatch([item, other])).rejects.toThrow(RangeError);
      }
      const longer = { ...item, attempt: attemptOf({ m: 128, n: 64, k: 64 }) };
      expect(await batching().computeLeavesBatch([item, longer])).toHaveLength(2);
    });
  });
}
