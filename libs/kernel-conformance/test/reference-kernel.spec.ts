import { createReferenceKernel } from '@tops/kernel-cpu';
import { describeKernelConformance } from '../src/index.ts';
import { fcParameters, protocolVectors } from '@tops/testing';

describeKernelConformance({
  name: 'the reference twin',
  createKernel: async (options) => createReferenceKernel(options),
  vectors: protocolVectors,
  propertyParameters: fcParameters,
  runCount: 3,
  comparesWithReference: false,
});
