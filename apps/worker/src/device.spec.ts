import { describe, expect, it } from '@jest/globals';
import type { CpuKernel, CpuKernelOptions, CpuKernelSelection } from '@tops/kernel-cpu';
import { KernelError, type Kernel } from '@tops/kernel-spec';
import type { SupervisedKernel } from '@tops/kernel-webgpu';
import { openDevice, type DeviceSettings } from './device.ts';

const attempt = { attemptKey: new Uint8Array(32), shape: { m: 64, n: 64, k: 64 } };
const settings: DeviceSettings = {
  gpu: { allowSoftware: false },
  mayFallBack: true,
  maxResets: 1,
  cpuKernel: 'auto',
  threadCount: 2,
};
const unavailable = new KernelError('device_unavailable', 'no GPU here');

function fakeKernel(driverHint: string) {
  const kernel = {
    driverHint,
    selection: { kernel: 'wasm' } as CpuKernelSelection,
    isClosed: false,
    commit: async () => {
      throw new Error('not used');
    },
    computeLeaves: async () => new TextEncoder().encode(driverHint),
    close: async () => {
      kernel.isClosed = true;
    },
  };
  return kernel satisfies Kernel;
}

function fakeGpu() {
  let giveUp: (error: KernelError) => void = () => undefined;
  const gaveUp = new Promise<KernelError>((resolve) => {
    giveUp = resolve;
  });
  const current = { deviceKey: { adapter: 'a GPU' } } as SupervisedKernel['current'];
  const kernel = Object.assign(fakeKernel('gpu'), { gaveUp, current });
  return { kernel: kernel satisfies SupervisedKernel, giveUp };
}

function setup(
  gpu: ReturnType<typeof fakeGpu> | KernelError,
  changes: Partial<DeviceSettings> = {},
) {
  const logged: string[] = [];
  const log = (message: string): void => void logged.push(message);
  const cpu = fakeKernel('cpu');
  const opened: { recompute?: Kernel['computeLeaves']; cpu?: CpuKernelOptions } = {};
  const fallbacks: string[] = [];
  const device = openDevice(
    { ...settings, ...changes },
    {
      logger: { info: log, warn: log, error: log },
      openGpu: async (_settings, _deps, recompute) => {
        opened.recompute = recompute;
        if (gpu instanceof KernelError) throw gpu;
        return gpu.kernel;
      },
      openCpu: async (options) => {
        opened.cpu = options ?? {};
        return cpu as Partial<CpuKernel> as CpuKernel;
      },
      onCpuFallback: (reason) => fallbacks.push(reason),
    },
  );
  return { device, logged, cpu, opened, fallbacks };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('openDevice', () => {
  it('takes the GPU where there is one', async () => {
    const { device } = setup(fakeGpu());
    expect(await device).toMatchObject({
      driverHint: 'gpu',
      trialRowCount: 16_384,
      deviceKey: { adapter: 'a GPU' },
    });
  });

  it('computes on the CPU where there is none, and says why', async () => {
    const { device, logged } = setup(unavailable);
    expect(await device).toMatchObject({
      driverHint: 'cpu',
      trialRowCount: 128,
      deviceKey: undefined,
    });
    expect(logged).toEqual(['computing on the CPU, no usable GPU']);
  });

  it('asks for the CPU kernel that is configured; native is no fallback', async () => {
    const { device, opened, fallbacks } = setup(unavailable, { cpuKernel: 'native' });
    await device;
    expect(opened.cpu).toEqual({ choice: 'native', threadCount: 2 });
    expect(fallbacks).toEqual([]);
  });

  it('counts and logs that WebAssembly took the native kernel’s place', async () => {
    const { device, cpu, logged, fallbacks } = setup(unavailable);
    cpu.selection = {
      kernel: 'wasm',
      fallback: { code: 'self_test_failed', reason: 'expected root 1e, got 2f' },
    };
    await device;
    expect(fallbacks).toEqual(['self_test_failed']);
    expect(logged.at(-1)).toBe('no native kernel, computing by WebAssembly');
  });

  it('opens nothing without a GPU when CPU_FALLBACK=0', async () => {
    const { device, logged } = setup(unavailable, { mayFallBack: false });
    await expect(device).rejects.toBe(unavailable);
    expect(logged).toEqual(['no usable GPU, and CPU_FALLBACK=0 demands one']);
  });

  it('goes on with the CPU once the GPU is given up, openings included', async () => {
    const gpu = fakeGpu();
    const { device, cpu, opened } = setup(gpu);
    const opening = await device;
    gpu.giveUp(unavailable);
    await nextTurn();
    expect(opening.driverHint).toBe('cpu');
    expect(opening.deviceKey).toBeUndefined();
    expect(gpu.kernel.isClosed).toBe(true);
    expect(await opened.recompute?.(attempt, [0])).toEqual(await cpu.computeLeaves());
    await opening.close();
    expect(cpu.isClosed).toBe(true);
  });

  it('fails once the GPU is given up when CPU_FALLBACK=0', async () => {
    const gpu = fakeGpu();
    const { device } = setup(gpu, { mayFallBack: false });
    const opened = await device;
    gpu.giveUp(unavailable);
    await expect(opened.failed).resolves.toBe(unavailable);
    expect(opened.driverHint).toBe('gpu');
  });
});
