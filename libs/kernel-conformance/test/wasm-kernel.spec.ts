import { createCpuKernel } from '@tops/kernel-cpu';
import { describeKernelConformance } from '../src/index.ts';

describeKernelConformance({
  name: 'the WebAssembly kernel',
  createKernel: (options) => createCpuKernel({ choice: 'wasm', threadCount: 2, ...options }),
  runCount: 15,
  comparesWithReference: true,
  oracleOpsMax: 6e8,
  takesBatches: true,
});
