import { describe, expect, it } from '@jest/globals';
import { KernelError, type KernelErrorCode } from '@tops/kernel-spec';
import { DeviceFault } from './device/device-fault.ts';
import { createSupervisedKernel, type DeviceEvent } from './supervised-kernel.ts';
import type { WebGpuKernel } from './webgpu-kernel.ts';

const attempt = { attemptKey: new Uint8Array(32), shape: { m: 64, n: 64, k: 64 } };

/** A kernel that answers with its number, or fails as told. */
class ScriptedKernel {
  readonly driverHint = 'webgpu:test';
  readonly adapter = { name: 'scripted' } as WebGpuKernel['adapter'];
  readonly gemmTrials = [];
  readonly deviceKey = {} as WebGpuKernel['deviceKey'];
  readonly tuning = { source: 'trial' } as const;
  readonly ended: Promise<KernelError>;
  end: (error: KernelError) => void = () => undefined;
  nextFailure: KernelErrorCode | undefined;
  isClosed = false;
  readonly number: number;

  constructor(number: number) {
    this.number = number;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async computeLeaves(): Promise<Uint8Array> {
    const code = this.nextFailure;
    this.nextFailure = undefined;
    if (code) throw new KernelError(code, 'as told');
    return Uint8Array.of(this.number);
  }

  commit(): Promise<never> {
    throw new Error('not used');
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.end(new KernelError('closed', 'closed'));
  }
}

async function supervise(options: { maxResets?: number; failedCreations?: number[] } = {}) {
  const made: ScriptedKernel[] = [];
  const events: DeviceEvent[] = [];
  const delays: number[] = [];
  let creations = 0;
  const kernel = await createSupervisedKernel(
    { firstDelayMs: 100, maxDelayMs: 300, ...options },
    {
      createKernel: async () => {
        if (options.failedCreations?.includes(++creations)) throw new Error('no device');
        const next = new ScriptedKernel(made.length);
        made.push(next);
        return next;
      },
      onEvent: (event) => events.push(event),
      sleep: async (delayMs) => {
        delays.push(delayMs);
      },
    },
  );
  return { kernel, made, events, delays, run: () => kernel.computeLeaves(attempt, [0]) };
}

describe('createSupervisedKernel', () => {
  it.each(['device_lost', 'device_failed', 'out_of_memory'] as const)(
    'drops the call that meets %s and answers the next one from a new device',
    async (code) => {
      const { made, events, run } = await supervise();
      made[0]!.nextFailure = code;
      await expect(run()).rejects.toMatchObject({ code });
      await expect(run()).resolves.toEqual(Uint8Array.of(1));
      expect(made[0]!.isClosed).toBe(true);
      expect(events.map(({ kind }) => kind)).toEqual(['fault', 'reset']);
    },
  );

  it.each([
    { error: new DeviceFault('hang', 'no answer'), fault: 'hang' },
    { error: new DeviceFault('validation', 'no such binding'), fault: 'validation' },
    { error: new KernelError('device_lost', 'unplugged'), fault: 'lost' },
    { error: new KernelError('device_failed', 'who knows'), fault: 'other' },
  ])('tells a fault by its kind: $fault', async ({ error, fault }) => {
    const { made, events } = await supervise();
    made[0]!.end(error);
    await made[0]!.ended;
    expect(events[0]).toEqual({ kind: 'fault', fault, error });
  });

  it.each(['aborted', 'shape_unsupported'] as const)('keeps the device over %s', async (code) => {
    const { made, events, run } = await supervise();
    made[0]!.nextFailure = code;
    await expect(run()).rejects.toMatchObject({ code });
    await expect(run()).resolves.toEqual(Uint8Array.of(0));
    expect(events).toEqual([]);
  });

  it('replaces a device that goes while nothing runs on it', async () => {
    const { made, run } = await supervise();
    made[0]!.end(new KernelError('device_lost', 'unplugged'));
    await made[0]!.ended;
    await expect(run()).resolves.toEqual(Uint8Array.of(1));
  });

  it('waits longer every time, and starts over after work that finished', async () => {
    const { made, delays, run } = await supervise({ failedCreations: [2, 3] });
    made[0]!.nextFailure = 'device_lost';
    await expect(run()).rejects.toMatchObject({ code: 'device_lost' });
    await run();
    expect(delays).toEqual([100, 200, 300]);
    made[1]!.nextFailure = 'device_lost';
    await expect(run()).rejects.toMatchObject({ code: 'device_lost' });
    await run();
    expect(delays).toEqual([100, 200, 300, 100]);
  });

  it('gives up after so many resets in a row', async () => {
    const { kernel, made, events, run } = await supervise({ maxResets: 2 });
    for (const broken of [0, 1]) {
      made[broken]!.nextFailure = 'device_failed';
      await expect(run()).rejects.toMatchObject({ code: 'device_failed' });
      await kernel.computeLeaves(attempt, [0], { signal: AbortSignal.abort() }).catch(() => 0);
      while (made.length < broken + 2) await new Promise((resolve) => setImmediate(resolve));
    }
    made[2]!.nextFailure = 'device_failed';
    await expect(run()).rejects.toMatchObject({ code: 'device_failed' });
    await expect(kernel.gaveUp).resolves.toMatchObject({ code: 'device_unavailable' });
    await expect(run()).rejects.toMatchObject({ code: 'device_unavailable' });
    expect(events.at(-1)?.kind).toBe('gave_up');
  });

  it('opens nothing any more once closed', async () => {
    const { kernel, made, run } = await supervise();
    made[0]!.nextFailure = 'device_lost';
    await expect(run()).rejects.toMatchObject({ code: 'device_lost' });
    const waiting = run();
    await kernel.close();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await expect(run()).rejects.toMatchObject({ code: 'closed' });
    expect(made.every(({ isClosed }) => isClosed)).toBe(true);
  });
});
