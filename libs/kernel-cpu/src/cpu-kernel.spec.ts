import { describe, expect, it } from '@jest/globals';
import { retainedTreeLayout, RetainedTree, type Attempt } from '@tops/kernel-spec';
import type { CpuBackend } from './backend.ts';
import { createCpuKernel, createKernelFromBackend } from './cpu-kernel.ts';

const attempt: Attempt = {
  attemptKey: new Uint8Array(32).fill(9),
  shape: { m: 2 ** 20, n: 256, k: 256 },
};

describe('createCpuKernel', () => {
  it('gives the same leaves by the twin in a thread', async () => {
    const kernel = await createCpuKernel({ threadCount: 1 });
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
    const kernel = await createCpuKernel({ threadCount: 1 });
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

  it('keeps several shapes in a small cache and computes each of them right', async () => {
    const bounded = await createCpuKernel({ threadCount: 2, weightsCacheBytes: 2 ** 20 });
    const roomy = await createCpuKernel({ threadCount: 2 });
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
      computeLeaves: async (_attempt, rows) => new Uint8Array(rows.length * 32),
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
