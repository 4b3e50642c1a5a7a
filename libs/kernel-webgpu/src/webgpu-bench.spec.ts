/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { expect, it } from '@jest/globals';
import { describeGpu } from '../test/gpu.ts';
import { benchWebGpuKernel } from './webgpu-bench.ts';

const shape = { m: 512, n: 64, k: 64 };
const common = { shapes: [shape], attemptCount: 4, kernel: { allowSoftware: true } };

describeGpu('benchWebGpuKernel', () => {
  it('measures each path it can, and says why not the others', async () => {
    const seen: unknown[] = [];
    const result = await benchWebGpuKernel(
      { ...common, paths: ['subgroup-matrix', 'plain'] },
      (row) => seen.push(row),
    );
    expect(result.rows).toEqual(seen);
    expect(result.rows).toHaveLength(1);
    const [row] = result.rows;
    expect(row).toMatchObject({ path: 'plain', variant: 'plain', shape });
    expect(Math.min(row!.gemmGops, row!.attemptGops)).toBeGreaterThan(0);
    expect(row!.ratio).toBeCloseTo(row!.attemptGops / row!.gemmGops, 9);
    expect(result.trials).toEqual([expect.objectContaining({ label: 'plain' })]);
    expect(result.missing).toEqual([
      { path: 'subgroup-matrix', reason: expect.stringContaining('no GEMM path') },
    ]);
  });

  it('fails when no path can be measured', async () => {
    const bench = benchWebGpuKernel({ ...common, paths: ['subgroup-matrix'] });
    await expect(bench).rejects.toMatchObject({ code: 'self_test_failed' });
  });
});
