import { describe, expect, it } from '@jest/globals';
import { bytesToHex, foldMultiproof, workTreeHasher } from '@tops/crypto';
import { shapeOps, type Shape } from '@tops/protocol';
import { attemptOf } from './attempts.ts';
import { PROPERTY_TIMEOUT_MS, type KernelUnderTest, type Subjects } from './kernel-under-test.ts';

// What changes at the edges of the shape rules: a stream row of one block and of 256; a leaf of one block, of one BLAKE3
// chunk not full (960) and just full (1024), of chunk trees of two and four; trees with a promoted node (m no power of two).
const edges: readonly Shape[] = [
  { m: 1088, n: 64, k: 64 },
  { m: 192, n: 64, k: 16_384 },
  { m: 192, n: 960, k: 64 },
  { m: 64, n: 960, k: 4096 },
  { m: 192, n: 1024, k: 320 },
  { m: 64, n: 2048, k: 64 },
  { m: 64, n: 4096, k: 64 },
];

/**
 * Whole attempts. Their roots are compared with another kernel's; leaves of the first, a middle and the last row, opened from
 * the tree, with the reference twin's.
 */
export function describeEdges(underTest: KernelUnderTest, subjects: Subjects): void {
  const { kernel, reference, oracle } = subjects;
  describe('whole attempts at the edges of the shape rules', () => {
    it.each(edges)(
      'm=$m n=$n k=$k',
      async (shape) => {
        const attempt = attemptOf(shape);
        const { m } = shape;
        const ops = Number(shapeOps(shape));
        const rows = [0, m / 2 - 1, m - 1];
        const leaves = await reference().computeLeaves(attempt, rows);
        if (ops > (underTest.commitOpsMax ?? Infinity)) {
          expect(bytesToHex(await kernel().computeLeaves(attempt, rows))).toBe(bytesToHex(leaves));
          return;
        }
        const commitment = await kernel().commit(attempt);
        const opening = await commitment.open(rows);
        expect(bytesToHex(opening.leaves)).toBe(bytesToHex(leaves));
        const input = { leafCount: m, rows, ...opening };
        expect(foldMultiproof(input, workTreeHasher)).toEqual(commitment.workRoot);
        if (ops > (underTest.oracleOpsMax ?? Infinity)) return;
        const expected = await oracle().commit(attempt);
        expect(bytesToHex(commitment.workRoot)).toBe(bytesToHex(expected.workRoot));
      },
      PROPERTY_TIMEOUT_MS,
    );
  });
}
