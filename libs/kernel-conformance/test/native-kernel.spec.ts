import { describe, expect, it } from '@jest/globals';
import { createCpuKernel, listNativeIsas } from '@tops/kernel-cpu';
import { describeKernelConformance } from '../src/index.ts';

// Another build of the addon, such as the one with sanitizers.
const addonPath = process.env['KERNEL_CPU_TEST_ADDON'];
const place = addonPath === undefined ? {} : { addonPath };
const isas = listNativeIsas(addonPath);

for (const isa of isas) {
  describeKernelConformance({
    name: `the native kernel on ${isa}`,
    createKernel: (options) =>
      createCpuKernel({ choice: 'native', isa, threadCount: 2, ...place, ...options }),
    runCount: 12,
    comparesWithReference: true,
    takesBatches: true,
  });
}

const isDemanded = process.env['REQUIRE_NATIVE_KERNEL'] === '1' || addonPath !== undefined;
(isas.length > 0 || isDemanded ? describe : describe.skip)('the native addon', () => {
  it('is built, and has the generic kernel at least', () => {
    expect(isas).toContain('generic');
  });
});
