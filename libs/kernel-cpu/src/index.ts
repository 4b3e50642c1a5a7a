export { createCpuKernel, type CpuKernel, type CpuKernelOptions } from './cpu-kernel.ts';
export { createReferenceKernel } from './reference/reference-kernel.ts';
export { describeBenchMachine, type BenchMachine } from './bench-machine.ts';
export {
  benchCpuKernel,
  type CpuBenchOptions,
  type CpuBenchResult,
  type CpuBenchSample,
} from './cpu-bench.ts';
