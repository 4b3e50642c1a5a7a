/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { describe, it } from '@jest/globals';
import { createCpuKernel } from '@tops/kernel-cpu';
import { createWebGpuKernel, listAdapters } from '@tops/kernel-webgpu';
import { describeKernelConformance } from '../src/index.ts';

const adapters = await listAdapters().catch(() => []);

if (adapters.length > 0 || process.env['REQUIRE_WEBGPU'] === '1') {
  for (const gemmPath of ['plain', 'dot4'] as const) {
    describeKernelConformance({
      name: `the WebGPU kernel by its ${gemmPath} path`,
      // A small tile: the shader compiler of a software adapter takes seconds over a large one.
      createKernel: (options) =>
        createWebGpuKernel({
          allowSoftware: true,
          gemmPath,
          tile: { TM: 4, TN: 4, TK: 64, WG_M: 8, WG_N: 8 },
          ...options,
        }),
      runCount: 4,
      comparesWithReference: true,
      createOracle: () => createCpuKernel({ threadCount: 1 }),
    });
  }
} else {
  describe.skip('the WebGPU kernel (no adapter)', () => {
    it('conforms to the protocol', () => undefined);
  });
}
