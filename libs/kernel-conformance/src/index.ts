export { describeKernelConformance } from './kernel-conformance.ts';
export type { KernelUnderTest } from './kernel-under-test.ts';
