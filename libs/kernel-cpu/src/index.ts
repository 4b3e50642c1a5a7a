export type { LeavesRequest } from './backend.ts';
export {
  cpuKernelChoices,
  createCpuKernel,
  kernelFallbackReasons,
  listNativeIsas,
  type CpuKernel,
  type CpuKernelChoice,
  type CpuKernelOptions,
  type CpuKernelSelection,
  type KernelFallbackReason,
} from './cpu-kernel.ts';
export { createReferenceKernel } from './reference/reference-kernel.ts';
export { describeBenchMachine, type BenchMachine } from './bench-machine.ts';
export {
  benchCpuKernel,
  type CpuBenchOptions,
  type CpuBenchResult,
  type CpuBenchSample,
} from './cpu-bench.ts';
