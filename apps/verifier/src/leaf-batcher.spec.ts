import { describe, expect, it } from '@jest/globals';
import type { LeavesRequest } from '@tops/kernel-cpu';
import type { Attempt } from '@tops/kernel-spec';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { LeafBatcher } from './leaf-batcher.ts';

const attemptOf = (keyByte: number, n = 64, k = 64): Attempt => ({
  attemptKey: new Uint8Array(32).fill(keyByte),
  shape: { m: 256, n, k },
});

/** Leaves that tell which attempt and row they are of. */
const leavesOf = ({ attempt, rows }: LeavesRequest): Uint8Array =>
  Uint8Array.from(rows.flatMap((row) => [attempt.attemptKey[0] ?? 0, attempt.shape.n >> 6, row]));

/** A kernel whose calls end when the test says so. */
function heldKernel() {
  const calls: { items: LeavesRequest[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const computeLeavesBatch = (items: readonly LeavesRequest[]): Promise<Uint8Array[]> =>
    new Promise((resolve, reject) => {
      calls.push({
        items: items.map(({ attempt, rows }) => ({ attempt, rows })),
        finish: () => resolve(items.map(leavesOf)),
        fail: reject,
      });
    });
  return { calls, computeLeavesBatch };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('LeafBatcher', () => {
  it('asks an idle kernel at once, and puts what queues behind it into one call', async () => {
    const kernel = heldKernel();
    const batcher = new LeafBatcher({ concurrency: 1, rowsMax: 100 }, kernel);
    const answers = [1, 2, 3, 4].map((key) => batcher.computeLeaves(attemptOf(key), [key, 9]));
    expect(kernel.calls.map(({ items }) => items.length)).toEqual([1]);
    kernel.calls[0]!.finish();
    await turn();
    expect(kernel.calls.map(({ items }) => items.length)).toEqual([1, 3]);
    kernel.calls[1]!.finish();
    expect((await Promise.all(answers)).map((leaves) => [...leaves])).toEqual(
      [1, 2, 3, 4].map((key) => [key, 1, key, key, 1, 9]),
    );
  });

  it('batches one width at a time, the oldest first', async () => {
    const kernel = heldKernel();
    const batcher = new LeafBatcher({ concurrency: 1, rowsMax: 100 }, kernel);
    const widths = [64, 128, 64, 128, 192];
    const answers = widths.map((n, key) => batcher.computeLeaves(attemptOf(key, n), [0]));
    for (let call = 0; call < 4; call++) {
      kernel.calls[call]!.finish();
      await turn();
    }
    await Promise.all(answers);
    expect(
      kernel.calls.map(({ items }) => items.map(({ attempt }) => attempt.attemptKey[0])),
    ).toEqual([[0], [1, 3], [2], [4]]);
  });

  it('keeps to its rows, but takes a longer item alone', async () => {
    const kernel = heldKernel();
    const batcher = new LeafBatcher({ concurrency: 1, rowsMax: 8 }, kernel);
    const rows = (count: number) => Array.from({ length: count }, (_, row) => row);
    const answers = [1, 5, 3, 4, 20].map((count, key) =>
      batcher.computeLeaves(attemptOf(key), rows(count)),
    );
    for (let call = 0; call < 4; call++) {
      kernel.calls[call]!.finish();
      await turn();
    }
    await Promise.all(answers);
    expect(kernel.calls.map(({ items }) => items.map((item) => item.rows.length))).toEqual([
      [1],
      [5, 3],
      [4],
      [20],
    ]);
  });

  it('fails the items of a failed call and no others, and goes on', async () => {
    const kernel = heldKernel();
    const batcher = new LeafBatcher({ concurrency: 2, rowsMax: 100 }, kernel);
    const first = batcher.computeLeaves(attemptOf(1), [1]);
    const second = batcher.computeLeaves(attemptOf(2), [2]);
    const third = batcher.computeLeaves(attemptOf(3), [3]);
    const lost = expect(first).rejects.toThrow('device lost');
    kernel.calls[0]!.fail(new Error('device lost'));
    kernel.calls[1]!.finish();
    await lost;
    expect([...(await second)]).toEqual([2, 1, 2]);
    kernel.calls[2]!.finish();
    expect([...(await third)]).toEqual([3, 1, 3]);
  });

  it('takes a wrong number of answers for a fault of the kernel', async () => {
    const batcher = new LeafBatcher(
      { concurrency: 1, rowsMax: 100 },
      { computeLeavesBatch: async () => [] },
    );
    await expect(batcher.computeLeaves(attemptOf(1), [1])).rejects.toThrow(RangeError);
  });

  it('gives everybody his own leaves, whatever comes when', async () => {
    const item = fc.record({
      key: fc.nat({ max: 255 }),
      n: fc.constantFrom(64, 128, 192),
      rows: fc.array(fc.nat({ max: 255 }), { maxLength: 12 }),
      delayTurns: fc.nat({ max: 3 }),
    });
    const options = fc.record({
      concurrency: fc.integer({ min: 1, max: 3 }),
      rowsMax: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 20 }), options, async (items, limits) => {
        let runningCount = 0;
        const batcher = new LeafBatcher(limits, {
          computeLeavesBatch: async (batch) => {
            expect(++runningCount).toBeLessThanOrEqual(limits.concurrency);
            expect(new Set(batch.map(({ attempt }) => attempt.shape.n)).size).toBe(1);
            await turn();
            runningCount--;
            return batch.map(leavesOf);
          },
        });
        await Promise.all(
          items.map(async ({ key, n, rows, delayTurns }) => {
            for (let i = 0; i < delayTurns; i++) await turn();
            const attempt = attemptOf(key, n);
            expect(await batcher.computeLeaves(attempt, rows)).toEqual(leavesOf({ attempt, rows }));
          }),
        );
      }),
      fcParameters(100),
    );
  });
});
