import { describe, expect, it } from '@jest/globals';
import { KernelError, type Kernel } from '@tops/kernel-spec';
import type { SupervisedKernel } from '@tops/kernel-webgpu';
import { openDevice, type DeviceSettings } from './device.ts';

const attempt = { attemptKey: new Uint8Array(32), shape: { m: 64, n: 64, k: 64 } };
const settings: DeviceSettings = {
  gpu: { allowSoftware: false },
  mayFallBack: true,
  maxResets: 1,
  threadCount: 2,
};
const unavailable = new KernelError('device_unavailable', 'no GPU here');

function fakeKernel(driverHint: string) {
  const kernel = {
    driverHint,
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
  const opened: { recompute?: Kernel['computeLeaves'] } = {};
  const device = openDevice(
    { ...settings, ...changes },
    {
      logger: { info: log, warn: log, error: log },
      openGpu: async (_settings, _deps, recompute) => {
        opened.recompute = recompute;
        if (gpu instanceof KernelError) throw gpu;
        return gpu.kernel;
      },
      openCpu: async () => cpu,
    },
  );
  return { device, logged, cpu, opened };
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
