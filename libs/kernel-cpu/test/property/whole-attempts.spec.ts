import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { foldMultiproof, workTreeHasher } from '@tops/crypto';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { createCpuKernel, createReferenceKernel, type CpuKernel } from '../../src/index.ts';
import { fastKernels } from '../native-addon.ts';
import { attemptLevels, passRows } from '../../src/wasm/layout.ts';

const multipleOf64 = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min / 64, max: max / 64 }).map((count) => count * 64);

/** Wide enough for Strassen levels in one layer or both, tall enough for full passes and a last one that is not. */
const attempts = fc.record({
  attemptKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  shape: fc.record({
    m: multipleOf64(64, 2240),
    n: multipleOf64(448, 1024),
    k: fc.oneof(multipleOf64(64, 1024), multipleOf64(448, 704)),
  }),
});

describe.each(fastKernels)('whole attempts of wide shapes by the $choice kernel', (which) => {
  let kernel: CpuKernel;
  const reference = createReferenceKernel();
  beforeAll(async () => {
    kernel = await createCpuKernel({ ...which, threadCount: 1 });
  });
  afterAll(async () => {
    await kernel.close();
    await reference.close();
  });

  it('commit to the leaves that the reference computes', async () => {
    const cases = attempts.chain((attempt) =>
      fc.tuple(
        fc.constant(attempt),
        fc
          .uniqueArray(fc.nat(attempt.shape.m - 1), { minLength: 1, maxLength: 4 })
          .map((rows) => [...new Set([...rows, attempt.shape.m - 1])].sort((a, b) => a - b)),
      ),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([attempt, rows]) => {
        const commitment = await kernel.commit(attempt);
        const opening = await commitment.open(rows);
        expect(opening.leaves).toEqual(await reference.computeLeaves(attempt, rows));
        const leafCount = attempt.shape.m;
        const root = foldMultiproof({ leafCount, rows, ...opening }, workTreeHasher);
        expect(root).toEqual(commitment.workRoot);
        // Leaves asked for alone come from weights packed for whole attempts here, or from plain ones.
        expect(await kernel.computeLeaves(attempt, rows)).toEqual(opening.leaves);
      }),
      fcParameters(20),
    );
  }, 120_000);
});

describe('Strassen levels', () => {
  it('are in what the test above says, in passes of more than one chunk', () => {
    expect(attemptLevels(1024, 1024)).toEqual({ layer1: 2, layer2: 2 });
    expect(attemptLevels(1024, 64)).toEqual({ layer1: 0, layer2: 2 });
    expect(attemptLevels(448, 1024)).toEqual({ layer1: 0, layer2: 0 });
    // Packed weights grow with levels, so the largest shapes do without.
    expect(attemptLevels(16_384, 16_384)).toEqual({ layer1: 0, layer2: 0 });
    expect(passRows(attemptLevels(1024, 1024))).toBe(512);
  });
});
