import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { commitPlainly, plainLeaves } from '../test/plain-worker.ts';
import { seededRandomBelow } from '../test/seeded-random.ts';
import { judgeRows, type ComputeLeaves } from './judge-rows.ts';

const allRows = Array.from({ length: 64 }, (_, row) => row);

/** A kernel that remembers what it was asked, and errs on the given rows. */
function watchedKernel(wrongRows: ReadonlySet<number> = new Set()) {
  const asked: number[][] = [];
  const computeLeaves: ComputeLeaves = async (attempt, rows) => {
    asked.push([...rows]);
    const leaves = await plainLeaves(attempt, rows);
    rows.forEach((row, index) => {
      if (wrongRows.has(row)) leaves[index * 32]! ^= 1;
    });
    return leaves;
  };
  return { asked, computeLeaves };
}

function judge(
  commitment: ReturnType<typeof commitPlainly>,
  rows: readonly number[],
  kernels: { fast?: ComputeLeaves; reference?: ComputeLeaves; seed?: number } = {},
) {
  const { leaves } = commitment.open(rows);
  return judgeRows(
    { attempt: commitment.attempt, rows, leaves },
    {
      computeLeaves: kernels.fast ?? plainLeaves,
      confirmLeaves: kernels.reference ?? plainLeaves,
      randomBelow: seededRandomBelow(kernels.seed ?? 1),
    },
  );
}

const honest = commitPlainly();

describe('judgeRows', () => {
  it('accepts honest rows without asking the reference', async () => {
    const reference = watchedKernel();
    const verdict = await judge(honest, [0, 31, 63], { reference: reference.computeLeaves });
    expect(verdict).toEqual({ outcome: 'accepted', kernelDisagreements: 0 });
    expect(reference.asked).toEqual([]);
  });

  it('asks for every row once, 64 at a time, in an order the random source decides', async () => {
    const orders = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const fast = watchedKernel();
        await judge(honest, allRows, { fast: fast.computeLeaves, seed });
        expect(fast.asked.map((rows) => rows.length)).toEqual([64]);
        return fast.asked.flat();
      }),
    );
    for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual(allRows);
    expect(orders[0]).toEqual(orders[1]);
    expect(orders[0]).not.toEqual(orders[2]);
    expect(orders[0]).not.toEqual(allRows);
  });

  it('rejects exactly when a skipped row is among the rows, naming one', async () => {
    const some = fc.subarray(allRows, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        some,
        fc.subarray(allRows, { maxLength: 12 }),
        fc.nat(),
        async (rows, skipped, seed) => {
          const skippedRows = new Set(skipped);
          const verdict = await judge(commitPlainly({ skippedRows }), rows, { seed });
          const caught = rows.filter((row) => skippedRows.has(row));
          if (caught.length === 0) {
            expect(verdict).toEqual({ outcome: 'accepted', kernelDisagreements: 0 });
          } else {
            expect(verdict.outcome).toBe('rejected');
            expect(caught).toContain('row' in verdict ? verdict.row : undefined);
          }
        },
      ),
      fcParameters(30),
    );
  });

  it('takes a challenge of more rows in several goes, and stops between them', async () => {
    const rows = Array.from({ length: 128 }, (_, row) => row);
    const shape = { m: 128, n: 64, k: 64 };
    const fast = watchedKernel();
    expect(
      (await judge(commitPlainly({ shape }), rows, { fast: fast.computeLeaves })).outcome,
    ).toBe('accepted');
    expect(fast.asked.map((asked) => asked.length)).toEqual([64, 64]);
    const stopped = watchedKernel();
    const cheat = commitPlainly({ shape, skippedRows: new Set(rows) });
    expect((await judge(cheat, rows, { fast: stopped.computeLeaves })).outcome).toBe('rejected');
    expect(stopped.asked).toHaveLength(1);
  });

  it('stops at the first confirmed mismatch', async () => {
    const fast = watchedKernel();
    const reference = watchedKernel();
    const cheat = commitPlainly({ skippedRows: new Set(allRows) });
    const kernels = { fast: fast.computeLeaves, reference: reference.computeLeaves };
    const verdict = await judge(cheat, allRows, kernels);
    expect(fast.asked).toHaveLength(1);
    expect(reference.asked).toEqual([[fast.asked[0]![0]]]);
    expect(verdict).toEqual({ outcome: 'rejected', row: fast.asked[0]![0] });
  });

  it('counts a contradiction the reference does not share, and goes on', async () => {
    const fast = watchedKernel(new Set([3, 40]));
    const kernels = { fast: fast.computeLeaves };
    expect(await judge(honest, allRows, kernels)).toEqual({
      outcome: 'accepted',
      kernelDisagreements: 2,
    });
    expect(fast.asked.flat()).toHaveLength(64);
    const cheat = commitPlainly({ skippedRows: new Set([17]) });
    expect(await judge(cheat, allRows, kernels)).toEqual({ outcome: 'rejected', row: 17 });
  });

  it('takes leaves of the wrong length for a fault of the kernel, not of the worker', async () => {
    const short: ComputeLeaves = async () => new Uint8Array(31);
    await expect(judge(honest, [1], { fast: short })).rejects.toThrow(RangeError);
    const failing: ComputeLeaves = () => Promise.reject(new Error('device lost'));
    await expect(judge(honest, [1], { fast: failing })).rejects.toThrow('device lost');
  });
});
