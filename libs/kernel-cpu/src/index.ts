export type { FoldOpening, LeavesRequest } from './backend.ts';
export {
  cpuKernelChoices,
  kernelFallbackReasons,
  type CpuKernel,
  type CpuKernelChoice,
  type CpuKernelSelection,
  type KernelFallbackReason,
} from './backend-kernel.ts';
export { createCpuKernel, listNativeIsas, type CpuKernelOptions } from './cpu-kernel.ts';
export { createReferenceKernel } from './reference/reference-kernel.ts';
export { describeBenchMachine, type BenchMachine } from './bench-machine.ts';
export {
  benchCpuKernel,
  type CpuBenchOptions,
  type CpuBenchResult,
  type CpuBenchSample,
} from './cpu-bench.ts';
