/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { expect, it } from '@jest/globals';
import { describeGpu, openTestDevice } from '../../test/gpu.ts';
import { listAdapters } from './adapter.ts';

const { session } = await openTestDevice();

describeGpu('a device', () => {
  it('is among the listed adapters', async () => {
    const names = (await listAdapters()).map(({ name }) => name);
    expect(names).toContain(session().adapter.name);
  });

  it('runs a shader', async () => {
    const { device } = session();
    const code =
      '@group(0) @binding(0) var<storage, read_write> x: array<u32>; @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) i: vec3<u32>) { x[i.x] = i.x * 7u; }';
    const pipeline = await session().create(() =>
      device.createComputePipeline({
        layout: 'auto',
        compute: { module: device.createShaderModule({ code }) },
      }),
    );
    const out = device.createBuffer({ size: 16, usage: 0x84 });
    const staging = device.createBuffer({ size: 16, usage: 0x9 });
    await session().submit(() => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(
        0,
        device.createBindGroup({
          layout: pipeline.getBindGroupLayout(0),
          entries: [{ binding: 0, resource: { buffer: out } }],
        }),
      );
      pass.dispatchWorkgroups(1);
      pass.end();
      encoder.copyBufferToBuffer(out, 0, staging, 0, 16);
      return encoder.finish();
    });
    const bytes = await session().read(staging, 16);
    expect([...new Uint32Array(bytes.buffer)]).toEqual([0, 7, 14, 21]);
  });

  it('tells the submission that broke the rules, and takes the next one', async () => {
    const { device } = session();
    const copy = (size: number): Promise<void> =>
      session().submit(() => {
        const [from, to] = [0x4, 0x8].map((usage) => device.createBuffer({ size: 16, usage }));
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(from!, 0, to!, 0, size);
        return encoder.finish();
      });
    await expect(copy(32)).rejects.toMatchObject({
      name: 'KernelError',
      code: 'device_failed',
      message: expect.stringContaining('16'),
    });
    await expect(copy(16)).resolves.toBeUndefined();
  });

  it('wraps what goes wrong before anything is submitted', async () => {
    const bug = session().submit(() => {
      throw new TypeError('a bug');
    });
    await expect(bug).rejects.toMatchObject({
      code: 'device_failed',
      message: expect.stringContaining('a bug'),
    });
  });
});
