import { describe, expect, it } from '@jest/globals';
import { bytesToHex } from '@tops/crypto';
import fc from 'fast-check';
import { attemptOf, rowsBelow, smallAttempts, wideAttempts } from './attempts.ts';
import { fcParameters } from '@tops/testing';
import { PROPERTY_TIMEOUT_MS, type KernelUnderTest, type Subjects } from './kernel-under-test.ts';

/** Bit-equality with the reference twin on shapes the vectors do not cover. */
export function describeDifferential(underTest: KernelUnderTest, subjects: Subjects): void {
  const { kernel, reference } = subjects;
  describe('against the reference twin', () => {
    it(
      'commits to the same root for small random shapes',
      async () => {
        await fc.assert(
          fc.asyncProperty(smallAttempts, async (attempt) => {
            const expected = await reference().commit(attempt);
            const got = await kernel().commit(attempt);
            expect(bytesToHex(got.workRoot)).toBe(bytesToHex(expected.workRoot));
          }),
          fcParameters(underTest.runCount),
        );
      },
      PROPERTY_TIMEOUT_MS,
    );

    it(
      'computes the same leaves for single rows of wide and deep shapes',
      async () => {
        const cases = wideAttempts.chain((attempt) =>
          fc.tuple(fc.constant(attempt), rowsBelow(attempt.shape.m, 5)),
        );
        await fc.assert(
          fc.asyncProperty(cases, async ([attempt, rows]) => {
            const expected = await reference().computeLeaves(attempt, rows);
            const got = await kernel().computeLeaves(attempt, rows);
            expect(bytesToHex(got)).toBe(bytesToHex(expected));
          }),
          fcParameters(underTest.runCount),
        );
      },
      PROPERTY_TIMEOUT_MS,
    );

    it('takes rows in any order, repeated, and more than one chunk of them', async () => {
      const attempt = attemptOf({ m: 256, n: 64, k: 64 });
      const rows = Array.from({ length: 131 }, (_, i) => (i * 37) % 256).concat([5, 5]);
      const expected = await reference().computeLeaves(attempt, rows);
      expect(await kernel().computeLeaves(attempt, rows)).toEqual(expected);
      expect(await kernel().computeLeaves(attempt, [])).toEqual(new Uint8Array(0));
    });
  });
}
