export {
  findAdapter,
  listAdapters,
  type AdapterChoice,
  type AdapterDescription,
  type FoundAdapter,
  type SubgroupMatrixConfig,
} from './device/adapter.ts';
export { type GemmPathName, type GemmTile } from './gemm-path.ts';
export { type GemmTrial } from './gemm-trial.ts';
export {
  createSupervisedKernel,
  type DeviceEvent,
  type SupervisedKernel,
  type SupervisedKernelDeps,
  type SupervisedKernelOptions,
} from './supervised-kernel.ts';
export {
  createWebGpuKernel,
  type WebGpuKernel,
  type WebGpuKernelDeps,
  type WebGpuKernelOptions,
} from './webgpu-kernel.ts';
export {
  benchWebGpuKernel,
  type WebGpuBenchOptions,
  type WebGpuBenchResult,
  type WebGpuBenchRow,
} from './webgpu-bench.ts';
