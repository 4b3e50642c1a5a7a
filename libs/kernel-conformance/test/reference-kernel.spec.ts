import { createReferenceKernel } from '@tops/kernel-cpu';
import { describeKernelConformance } from '../src/index.ts';

describeKernelConformance({
  name: 'the reference twin',
  createKernel: async (options) => createReferenceKernel(options),
  runCount: 3,
  comparesWithReference: false,
});
