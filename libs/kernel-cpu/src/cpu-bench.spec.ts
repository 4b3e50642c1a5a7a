import { describe, expect, it } from '@jest/globals';
import { benchCpuKernel } from './cpu-bench.ts';

describe('benchCpuKernel', () => {
  it('measures every attempt and accounts for all of the time', async () => {
    const shape = { m: 512, n: 256, k: 256 };
    const result = await benchCpuKernel({ shape, threadCount: 2, attemptCount: 2 });
    expect(result).toMatchObject({ shape, threadCount: 2 });
    expect(result.samples).toHaveLength(2);
    for (const sample of result.samples) {
      expect(sample.wallSeconds).toBeGreaterThan(0);
      expect(sample.gopsPerWallSecond).toBeCloseTo(0.134217728 / sample.wallSeconds, 6);
      expect(sample.limitGopsPerCpuSecond).toBeGreaterThan(0);
    }
    const { streams, gemm, hashing } = result.share;
    expect(streams + gemm + hashing).toBeCloseTo(1, 9);
    expect(Math.min(streams, gemm, hashing)).toBeGreaterThan(0);
  });

  it('stops with the signal', async () => {
    const shape = { m: 512, n: 64, k: 64 };
    const benching = benchCpuKernel({ shape, threadCount: 1, signal: AbortSignal.abort() });
    await expect(benching).rejects.toMatchObject({ code: 'aborted' });
  });
});
