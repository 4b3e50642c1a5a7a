export {
  findAdapter,
  listAdapters,
  type AdapterChoice,
  type AdapterDescription,
  type FoundAdapter,
  type SubgroupMatrixConfig,
} from './device/adapter.ts';
export { deviceFaultKinds, type DeviceFaultKind } from './device/device-fault.ts';
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
export { deviceKeyParts, isSameDevice, type DeviceKey } from './tuning/device-key.ts';
export { type GemmTuning, type TuningSource, type TuningStore } from './tuning/gemm-tuning.ts';
