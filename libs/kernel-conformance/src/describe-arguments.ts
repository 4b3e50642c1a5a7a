import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@tops/kernel-spec';
import { attemptOf } from './attempts.ts';
import type { Subjects } from './kernel-under-test.ts';

/** What a kernel refuses, each with a control it takes. */
export function describeArguments({ kernel }: Subjects): void {
  describe('arguments', () => {
    it.each([
      { m: 65, n: 64, k: 64 },
      { m: 64, n: 1088, k: 64 },
      { m: 64, n: 64, k: 0 },
    ])('refuses the shape m=$m n=$n k=$k', async (shape) => {
      const refusal = { name: 'KernelError', code: 'shape_unsupported' };
      await expect(kernel().commit(attemptOf(shape))).rejects.toMatchObject(refusal);
      await expect(kernel().computeLeaves(attemptOf(shape), [0])).rejects.toMatchObject(refusal);
      await expect(kernel().commit(attemptOf(shape))).rejects.toBeInstanceOf(KernelError);
    });

    it.each([-1, 64, 0.5, Number.NaN])('refuses row %p, takes row 63', async (row) => {
      const attempt = attemptOf({ m: 64, n: 64, k: 64 });
      await expect(kernel().computeLeaves(attempt, [row])).rejects.toThrow(RangeError);
      await expect(kernel().computeLeaves(attempt, [63])).resolves.toHaveLength(32);
    });

    it('describes itself within what a receipt may carry', () => {
      expect(kernel().driverHint).toMatch(/^[\x20-\x7e]{1,64}$/);
    });
  });
}
