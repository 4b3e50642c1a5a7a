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
      // Few invocations with much work each: a software adapter pays for every invocation at every barrier.
      createKernel: (options) =>
        createWebGpuKernel({
          allowSoftware: true,
          gemmPath,
          tile: { TM: 8, TN: 8, TK: 64, WG_M: 4, WG_N: 4 },
          ...options,
        }),
      runCount: 4,
      comparesWithReference: true,
      // Of n = 4096, 2 GOP: SwiftShader takes ten seconds by the plain path.
      ...(gemmPath === 'plain' && { commitOpsMax: 1e9 }),
      createOracle: () => createCpuKernel({ threadCount: 1 }),
    });
  }
} else {
  describe.skip('the WebGPU kernel (no adapter)', () => {
    it('conforms to the protocol', () => undefined);
  });
}
