export {
  describeKernelConformance,
  type KernelUnderTest,
  type KernelVector,
} from './kernel-conformance.ts';
