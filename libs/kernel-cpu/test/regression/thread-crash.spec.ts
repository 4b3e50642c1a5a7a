// A worker thread may die at any moment (out of memory, a bug in V8): its jobs fail with a code, the kernel goes on.
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '@tops/kernel-spec';
import { createKernelFromBackend } from '../../src/backend-kernel.ts';
import { startWorker } from '../../src/pool/pool-thread.ts';
import { createWasmBackend } from '../../src/pool/wasm-backend.ts';

const options = { threadCount: 2, weightsCacheBytes: 2 ** 26 };
const attempt: Attempt = {
  attemptKey: new Uint8Array(32),
  shape: { m: 2 ** 20, n: 256, k: 256 },
};
const small: Attempt = { ...attempt, shape: { m: 64, n: 64, k: 64 } };
const crashed = { name: 'KernelError', code: 'thread_failed' };

async function kernelWithWorkers() {
  const workers: Worker[] = [];
  const backend = await createWasmBackend(options, {
    startWorker: (data) => {
      const worker = startWorker(data);
      workers.push(worker);
      return worker;
    },
  });
  return { kernel: await createKernelFromBackend(backend), workers };
}

describe('a crashed thread', () => {
  it('fails the commit it was part of and is replaced', async () => {
    const { kernel, workers } = await kernelWithWorkers();
    try {
      const control = await kernel.commit(small);
      // The weights are packed before: one thread may do that alone, and the other one would crash idle.
      await kernel.commit({ ...attempt, shape: { ...attempt.shape, m: 64 } });
      const doomed = kernel.commit(attempt);
      await kernel.computeLeaves(small, [0]); // by now both threads are at work
      await workers[1]?.terminate();
      await expect(doomed).rejects.toMatchObject(crashed);
      expect(workers).toHaveLength(3);
      expect((await kernel.commit(small)).workRoot).toEqual(control.workRoot);
    } finally {
      await kernel.close();
    }
  });

  it('fails everything once it has crashed too often, instead of hanging', async () => {
    const { kernel, workers } = await kernelWithWorkers();
    try {
      for (let i = 0; i < workers.length; i++) await workers[i]?.terminate();
      expect(workers).toHaveLength(2 + 8);
      await expect(kernel.commit(small)).rejects.toMatchObject(crashed);
      await expect(kernel.computeReferenceLeaves(small, [0])).rejects.toMatchObject(crashed);
    } finally {
      await kernel.close();
    }
  });

  it('fails creation when threads cannot even start', async () => {
    const { kernel } = await kernelWithWorkers();
    await kernel.close(); // the control: the same backend works with threads that start
    const backend = await createWasmBackend(options, {
      startWorker: ({ module: _module, ...data }) => startWorker(data as never),
    });
    await expect(createKernelFromBackend(backend)).rejects.toMatchObject(crashed);
  });
});
