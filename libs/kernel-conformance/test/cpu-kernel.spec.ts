import { createCpuKernel } from '@tops/kernel-cpu';
import { describeKernelConformance } from '../src/index.ts';
import { fcParameters, protocolVectors } from '@tops/testing';

describeKernelConformance({
  name: 'the WebAssembly kernel',
  createKernel: (options) => createCpuKernel({ threadCount: 2, ...options }),
  vectors: protocolVectors,
  propertyParameters: fcParameters,
  runCount: 15,
  comparesWithReference: true,
});
