import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { retainedTreeLayout, RetainedTree, type Attempt } from '@tops/kernel-spec';
import type { CpuBackend } from './backend.ts';
import { fastKernels } from '../test/native-addon.ts';
import { createKernelFromBackend } from './backend-kernel.ts';
import { createCpuKernel } from './cpu-kernel.ts';

const attempt: Attempt = {
  attemptKey: new Uint8Array(32).fill(9),
  shape: { m: 2 ** 20, n: 256, k: 256 },
};

describe.each(fastKernels)('createCpuKernel, the $choice kernel', (which) => {
  it('gives the same leaves by the twin in a thread', async () => {
    const kernel = await createCpuKernel({ ...which, threadCount: 1 });
    try {
      const rows = [2 ** 20 - 1, 0, 77];
      const reference = await kernel.computeReferenceLeaves(attempt, rows);
      expect(reference).toEqual(await kernel.computeLeaves(attempt, rows));
      expect(kernel.threadCount).toBe(1);
      await expect(kernel.computeReferenceLeaves(attempt, [2 ** 20])).rejects.toThrow(RangeError);
    } finally {
      await kernel.close();
    }
  });

  it('answers single rows while a long commit runs on its only thread', async () => {
    const kernel = await createCpuKernel({ ...which, threadCount: 1 });
    try {
      let isCommitted = false;
      const controller = new AbortController();
      const commit = kernel.commit(attempt, { signal: controller.signal }).then(() => {
        isCommitted = true;
      });
      for (let i = 0; i < 5; i++) await kernel.computeLeaves(attempt, [i]);
      expect(isCommitted).toBe(false);
      controller.abort();
      await expect(commit).rejects.toMatchObject({ code: 'aborted' });
    } finally {
      await kernel.close();
    }
  });

  it("puts one listener on the caller's signal for each call, and takes it off again", async () => {
    const kernel = await createCpuKernel({ ...which, threadCount: 1 });
    const { signal } = new AbortController();
    const listenerCount = () => getEventListeners(signal, 'abort').length;
    try {
      const small: Attempt = { ...attempt, shape: { m: 2048, n: 64, k: 64 } };
      const rows = Array.from({ length: 2048 }, (_, row) => row);
      const calls = [
        kernel.commit(small, { signal }),
        kernel.computeLeaves(small, rows, { signal }),
      ];
      // Weights first, then the pieces: the count is looked at while either is waited for.
      const counts = [listenerCount()];
      const watching = setInterval(() => counts.push(listenerCount()), 0);
      await Promise.all(calls);
      clearInterval(watching);
      expect(Math.max(...counts)).toBe(2);
      expect(listenerCount()).toBe(0);
      await expect(kernel.computeLeaves(small, [2048], { signal })).rejects.toThrow(RangeError);
      expect(listenerCount()).toBe(0);
    } finally {
      await kernel.close();
    }
  });

  it('takes its listener off when the call fails too', async () => {
    const kernel = await createCpuKernel({ ...which, threadCount: 1 });
    const { signal } = new AbortController();
    const [failing] = await Promise.all([
      kernel.commit(attempt, { signal }).catch((error: unknown) => error),
      kernel.close(),
    ]);
    expect(failing).toMatchObject({ code: 'closed' });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('keeps several shapes in a small cache and computes each of them right', async () => {
    const bounded = await createCpuKernel({ ...which, threadCount: 2, weightsCacheBytes: 2 ** 20 });
    const roomy = await createCpuKernel({ ...which, threadCount: 2 });
    try {
      const attempts = [64, 256, 128, 320, 192].map((size, i) => ({
        ...attempt,
        shape: { m: 256, n: size, k: 64 * (i + 1) },
      }));
      const got = await Promise.all(attempts.map((each) => bounded.commit(each)));
      const expected = await Promise.all(attempts.map((each) => roomy.commit(each)));
      expect(got.map(({ workRoot }) => workRoot)).toEqual(expected.map(({ workRoot }) => workRoot));
    } finally {
      await bounded.close();
      await roomy.close();
    }
  });

  it('computes a batch of attempts as it would each of them alone', async () => {
    const kernel = await createCpuKernel({ ...which, threadCount: 2 });
    try {
      const requests = Array.from({ length: 9 }, (_, i) => ({
        attempt: {
          attemptKey: new Uint8Array(32).fill(i),
          shape: { m: 64 * 2 ** i, n: 192, k: 320 },
        },
        rows: Array.from({ length: i * 11 }, (_unused, j) => (j * 29) % 64),
      }));
      const batch = await kernel.computeLeavesBatch(requests);
      const alone = await Promise.all(
        requests.map(({ attempt: each, rows }) => kernel.computeLeaves(each, rows)),
      );
      expect(batch).toEqual(alone);
      expect(batch.map(({ length }) => length)).toEqual(requests.map((_, i) => i * 11 * 32));
      expect(await kernel.computeLeavesBatch([])).toEqual([]);
      const other = { attempt: { ...attempt, shape: { m: 64, n: 64, k: 320 } }, rows: [0] };
      await expect(kernel.computeLeavesBatch([...requests, other])).rejects.toThrow(RangeError);
      const outside = { attempt, rows: [attempt.shape.m] };
      await expect(kernel.computeLeavesBatch([outside])).rejects.toThrow(RangeError);
    } finally {
      await kernel.close();
    }
  });
});

describe('createCpuKernel', () => {
  it.each([0, -1, 1.5, 1025, Number.NaN])('refuses %p threads', async (threadCount) => {
    await expect(createCpuKernel({ threadCount })).rejects.toThrow(RangeError);
  });
});

describe('createKernelFromBackend', () => {
  it('hands out no kernel that gets the known answer wrong, and closes its backend', async () => {
    let isClosed = false;
    const wrong: CpuBackend = {
      driverHint: 'cpu:wrong',
      threadCount: 1,
      times: { streamsMs: 0, gemmMs: 0, hashingMs: 0 },
      buildTree: async ({ shape }) => {
        const layout = retainedTreeLayout(shape.m);
        return new RetainedTree(layout, new Uint8Array(layout.byteLength));
      },
      computeLeaves: async () => new Uint8Array(0),
      computeReferenceLeaves: async (_attempt, rows) => new Uint8Array(rows.length * 32),
      close: async () => {
        isClosed = true;
      },
    };
    await expect(createKernelFromBackend(wrong)).rejects.toMatchObject({
      code: 'self_test_failed',
    });
    expect(isClosed).toBe(true);
  });
});
