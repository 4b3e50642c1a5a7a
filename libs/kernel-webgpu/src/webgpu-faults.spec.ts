/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { expect, it } from '@jest/globals';
import { describeGpu } from '../test/gpu.ts';
import { withFaults, type FaultPlan } from '../test/faults.ts';
import { findAdapter } from './device/adapter.ts';
import { createSupervisedKernel } from './supervised-kernel.ts';
import { createWebGpuKernel, type WebGpuKernel } from './webgpu-kernel.ts';

const attempt = { attemptKey: new Uint8Array(32).fill(5), shape: { m: 192, n: 64, k: 64 } };

async function faultyKernel(
  submissionTimeoutMs = 20_000,
): Promise<{ kernel: WebGpuKernel; plan: FaultPlan }> {
  const plan: FaultPlan = { next: undefined };
  const kernel = await createWebGpuKernel(
    { allowSoftware: true, gemmPath: 'plain', chunkBufferBytes: 1, submissionTimeoutMs },
    { findAdapter: async (choice) => withFaults(await findAdapter(choice), plan) },
  );
  return { kernel, plan };
}

describeGpu('a fault of the device', () => {
  it.each([
    { fault: 'validation', code: 'device_failed', kind: 'validation' },
    { fault: 'internal', code: 'device_failed', kind: 'internal' },
    { fault: 'out-of-memory', code: 'out_of_memory', kind: 'out_of_memory' },
  ] as const)(
    '$fault drops the attempt it hits as $code, and no other',
    async ({ fault, code, kind }) => {
      const { kernel, plan } = await faultyKernel();
      try {
        const before = await kernel.commit(attempt);
        plan.next = fault;
        await expect(kernel.commit(attempt)).rejects.toMatchObject({
          name: 'KernelError',
          code,
          kind,
        });
        plan.next = fault;
        await expect(kernel.computeLeaves(attempt, [1])).rejects.toMatchObject({ code });
        const after = await kernel.commit(attempt);
        expect(after.workRoot).toEqual(before.workRoot);
      } finally {
        await kernel.close();
      }
    },
  );

  it.each([
    { fault: 'hang', code: 'device_failed', kind: 'hang' },
    { fault: 'lost', code: 'device_lost', kind: 'lost' },
  ] as const)('$fault ends the device as $code', async ({ fault, code, kind }) => {
    // A hang is only noticed by its deadline.
    const { kernel, plan } = await faultyKernel(fault === 'hang' ? 1000 : undefined);
    const before = await kernel.commit(attempt);
    plan.next = fault;
    const hit = kernel.commit(attempt);
    const waiting = kernel.computeLeaves(attempt, [1]);
    await Promise.all([
      expect(hit).rejects.toMatchObject({ name: 'KernelError', code }),
      expect(waiting).rejects.toMatchObject({ name: 'KernelError', code }),
    ]);
    await expect(kernel.ended).resolves.toMatchObject({ code, kind });
    await expect(kernel.commit(attempt)).rejects.toMatchObject({ code });
    // What was committed before can still be opened: its whole tree is on the host.
    await expect(before.open([1])).resolves.toHaveProperty('leaves.length', 32);
    await kernel.close();
  });

  it('is survived under supervision, with what was committed before', async () => {
    const plan: FaultPlan = { next: undefined };
    const events: string[] = [];
    const kernel = await createSupervisedKernel(
      { firstDelayMs: 1 },
      {
        createKernel: (recompute) =>
          createWebGpuKernel(
            { allowSoftware: true, gemmPath: 'plain', retainedNodeLimit: 1 },
            {
              findAdapter: async (choice) => withFaults(await findAdapter(choice), plan),
              recompute,
            },
          ),
        onEvent: (event) => events.push('fault' in event ? `fault ${event.fault}` : event.kind),
      },
    );
    try {
      const before = await kernel.commit(attempt);
      const opening = await before.open([1, 100]);
      plan.next = 'lost';
      await expect(kernel.commit(attempt)).rejects.toMatchObject({ code: 'device_lost' });
      expect(await before.open([1, 100])).toEqual(opening);
      expect((await kernel.commit(attempt)).workRoot).toEqual(before.workRoot);
      expect(events).toEqual(['fault lost', 'reset']);
    } finally {
      await kernel.close();
    }
  });
});
