/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { expect, it } from '@jest/globals';
import { bytesToHex } from '@tops/crypto';
import type { Commitment } from '@tops/kernel-spec';
import { shapeOps } from '@tops/protocol';
import { findAdapter } from './device/adapter.ts';
import { createWebGpuKernel } from './webgpu-kernel.ts';
import { withQueueLog } from '../test/with-queue-log.ts';
import { withoutFeature } from '../test/without-feature.ts';
import { describeGpu } from '../test/gpu.ts';

const attempt = {
  attemptKey: new Uint8Array(32).fill(3),
  shape: { m: 960, n: 64, k: 128 },
};

describeGpu('createWebGpuKernel', () => {
  it('times every path that passes its known answer and takes the fastest', async () => {
    const kernel = await createWebGpuKernel({ allowSoftware: true });
    try {
      const rates = kernel.gemmTrials.map(({ opsPerSecond }) => opsPerSecond);
      expect(kernel.gemmTrials.map(({ path }) => path).sort()).toEqual(['dot4', 'plain']);
      expect(rates).toEqual([...rates].sort((a, b) => b - a));
      expect(Math.min(...rates)).toBeGreaterThan(0);
      expect(kernel.driverHint).toContain(`webgpu:${kernel.gemmTrials[0]?.path}`);
    } finally {
      await kernel.close();
    }
  });

  it('gives the same root by every path, tile and chunk size', async () => {
    const roots: string[] = [];
    for (const options of [
      { gemmPath: 'plain' },
      { gemmPath: 'plain', chunkBufferBytes: 1 },
      { gemmPath: 'dot4', tile: { TM: 2, TN: 4, TK: 32, WG_M: 4, WG_N: 8 } },
    ] as const) {
      const kernel = await createWebGpuKernel({ allowSoftware: true, ...options });
      roots.push(bytesToHex((await kernel.commit(attempt)).workRoot));
      await kernel.close();
    }
    expect(new Set(roots).size).toBe(1);
  });

  it.each([
    { clock: 'device', what: 'with timestamps', missing: 'nothing' },
    { clock: 'wall', what: 'without', missing: 'timestamp-query' },
  ])('tells how long a device $what worked on an attempt', async ({ clock, missing }) => {
    const kernel = await createWebGpuKernel(
      // Ten chunks: the times of each are added up.
      { allowSoftware: true, gemmPath: 'plain', chunkBufferBytes: 96 * 128 },
      { findAdapter: async (choice) => withoutFeature(await findAdapter(choice), missing) },
    );
    try {
      const start = performance.now();
      const { deviceTime } = await kernel.commit(attempt);
      const wallSeconds = (performance.now() - start) / 1e3;
      expect(deviceTime?.clock).toBe(clock);
      expect(deviceTime?.seconds).toBeGreaterThan(wallSeconds / 50);
      // Passes of successive chunks may overlap a little on the device's clock.
      expect(deviceTime?.seconds).toBeLessThan(wallSeconds * 1.5);
      const rate = deviceTime?.bestGemmOpsPerSecond ?? Number.NaN;
      if (clock === 'wall') expect(rate).toBe(0);
      else expect(rate).toBeGreaterThan(Number(shapeOps(attempt.shape)) / wallSeconds);
    } finally {
      await kernel.close();
    }
  });

  it('starts on the next attempt before the last one is read back', async () => {
    const log: string[] = [];
    const kernel = await createWebGpuKernel(
      // Six chunks each: more than are in flight at a time.
      { allowSoftware: true, gemmPath: 'plain', chunkBufferBytes: 160 * 128 },
      { findAdapter: async (choice) => withQueueLog(await findAdapter(choice), log) },
    );
    try {
      const other = { ...attempt, attemptKey: new Uint8Array(32).fill(4) };
      const expected = await kernel.commit(other);
      log.length = 0;
      let next: Promise<Commitment> | undefined;
      let queuedCount = 0;
      await kernel.commit(attempt, {
        onQueued: () => {
          queuedCount++;
          next = kernel.commit(other);
        },
      });
      log.push('first read back');
      expect(bytesToHex((await next)!.workRoot)).toBe(bytesToHex(expected.workRoot));
      expect(queuedCount).toBe(1);
      // From the first submission to the last one there is always something left to do.
      let waiting = 0;
      const depths = log
        .slice(0, log.lastIndexOf('submit') + 1)
        .map((event) => (waiting += event === 'submit' ? 1 : event === 'done' ? -1 : 0));
      expect(Math.min(...depths)).toBeGreaterThanOrEqual(1);
      const beforeRead = log.slice(0, log.indexOf('first read back'));
      expect(beforeRead.filter((event) => event === 'submit').length).toBeGreaterThan(7);
    } finally {
      await kernel.close();
    }
  });

  it('tells of no queue when the attempt fails before', async () => {
    const kernel = await createWebGpuKernel({ allowSoftware: true, gemmPath: 'plain' });
    const fail = () => {
      throw new Error('called');
    };
    const signal = AbortSignal.abort();
    const aborted = kernel.commit(attempt, { signal, onQueued: fail });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    await kernel.close();
    const closed = kernel.commit(attempt, { onQueued: fail });
    await expect(closed).rejects.toMatchObject({ code: 'closed' });
  });

  it('refuses a software adapter unless told otherwise', async () => {
    await expect(createWebGpuKernel()).rejects.toMatchObject({
      code: 'device_unavailable',
      message: expect.stringContaining('ALLOW_SOFTWARE_GPU'),
    });
  });

  it('says so where no adapter fits, and takes one by a part of its name', async () => {
    const common = { allowSoftware: true, gemmPath: 'plain' } as const;
    await expect(createWebGpuKernel({ ...common, adapter: 'no such GPU' })).rejects.toMatchObject({
      code: 'device_unavailable',
    });
    const kernel = await createWebGpuKernel({ ...common, adapter: 'wift' });
    expect(kernel.adapter.name.toLowerCase()).toContain('swift');
    await kernel.close();
  });

  it('refuses a tile the shader cannot take', async () => {
    const tile = { TM: 8, TN: 6, TK: 64, WG_M: 16, WG_N: 16 };
    await expect(createWebGpuKernel({ allowSoftware: true, tile })).rejects.toThrow(RangeError);
  });
});
