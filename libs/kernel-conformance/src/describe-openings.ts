import { describe, expect, it } from '@jest/globals';
import { foldMultiproof, workTreeHasher } from '@tops/crypto';
import fc from 'fast-check';
import { attemptOf, rowsBelow, smallAttempts } from './attempts.ts';
import { fcParameters } from '@tops/testing';
import { PROPERTY_TIMEOUT_MS, type KernelUnderTest, type Subjects } from './kernel-under-test.ts';

/** Openings of whole and of thinned-out trees. */
export function describeOpenings(underTest: KernelUnderTest, { kernel }: Subjects): void {
  describe('openings', () => {
    it(
      'fold to the committed root for random rows',
      async () => {
        const cases = smallAttempts.chain((attempt) =>
          fc.tuple(fc.constant(attempt), rowsBelow(attempt.shape.m, 8)),
        );
        await fc.assert(
          fc.asyncProperty(cases, async ([attempt, rows]) => {
            const commitment = await kernel().commit(attempt);
            const opening = await commitment.open(rows);
            const input = { leafCount: attempt.shape.m, rows, ...opening };
            expect(foldMultiproof(input, workTreeHasher)).toEqual(commitment.workRoot);
          }),
          fcParameters(underTest.runCount),
        );
      },
      PROPERTY_TIMEOUT_MS,
    );

    // 1216 rows: 19 chunks, so odd levels with a promoted node above the chunks.
    it.each([
      { nodeLimit: 1216, baseLevel: 0 },
      { nodeLimit: 304, baseLevel: 2 },
      { nodeLimit: 1, baseLevel: 6 },
    ])('are the same when the tree is kept from level $baseLevel up', async ({ nodeLimit }) => {
      const attempt = attemptOf({ m: 1216, n: 64, k: 64 });
      const rows = [0, 1, 63, 64, 700, 701, 1150, 1151, 1215];
      const whole = await kernel().commit(attempt);
      const thinned = await underTest.createKernel({ retainedNodeLimit: nodeLimit });
      try {
        const commitment = await thinned.commit(attempt);
        expect(commitment.workRoot).toEqual(whole.workRoot);
        expect(await commitment.open(rows)).toEqual(await whole.open(rows));
      } finally {
        await thinned.close();
      }
    });

    it('refuse rows that are no challenge, and answer the control', async () => {
      const commitment = await kernel().commit(attemptOf({ m: 64, n: 64, k: 64 }));
      for (const rows of [[], [64], [3, 3], [5, 4], [-1]]) {
        await expect(commitment.open(rows)).rejects.toMatchObject({ code: 'rows_invalid' });
      }
      await expect(commitment.open([3, 5])).resolves.toHaveProperty('leaves.length', 64);
    });

    it('belong to their own attempt when several are computed at once', async () => {
      const attempts = [1, 2, 3, 4].map((keyByte) =>
        attemptOf({ m: 128 * keyByte, n: 64 * keyByte, k: 64 }, keyByte),
      );
      const alone = [];
      for (const attempt of attempts) alone.push(await kernel().commit(attempt));
      const together = await Promise.all(
        attempts.map(async (attempt) => {
          const [commitment] = await Promise.all([
            kernel().commit(attempt),
            kernel().computeLeaves(attempt, [0, 1, 2]),
          ]);
          return commitment;
        }),
      );
      expect(together.map(({ workRoot }) => workRoot)).toEqual(
        alone.map(({ workRoot }) => workRoot),
      );
      const openings = await Promise.all(together.map((commitment) => commitment.open([7, 100])));
      const expected = await Promise.all(alone.map((commitment) => commitment.open([7, 100])));
      expect(openings).toEqual(expected);
    });
  });
}
