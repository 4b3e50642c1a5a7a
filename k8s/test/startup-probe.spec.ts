import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { containerOf, renderingOf, type Loose } from './rendered.ts';

function commandOf(name: string): string[] {
  const worker = renderingOf(name).objects.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'tops-worker',
  );
  const { command } = containerOf(worker as Loose).startupProbe.exec;
  return command;
}

/** Runs the probe as the kubelet would, against a worker whose /status is `status`. */
async function probe(name: string, status: unknown): Promise<{ code: number; stderr: string }> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/status' ? 200 : 404;
    response.end(typeof status === 'string' ? status : JSON.stringify(status));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const [program, ...args] = commandOf(name);
  expect(program).toBe('/usr/local/bin/node');
  const child = spawn(process.execPath, args, { env: { WORKER_PORT: String(address.port) } });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  server.close();
  return { code, stderr };
}

const working = (device: string) => ({ service: 'worker', phase: 'tuning', driver_hint: device });

describe('the startup probe of the CPU worker', () => {
  it.each([
    ['a device', working('cpu:native-avx2'), 0],
    ['none yet', { service: 'worker', phase: 'starting' }, 1],
    ['an answer that is none', 'no JSON', 1],
  ])('with %s', async (_what, status, code) => {
    expect(await probe('staging', status)).toMatchObject({ code });
  });
});

describe('the startup probe of the GPU worker', () => {
  it.each([
    ['an NVIDIA GPU', working('webgpu:subgroup_matrix NVIDIA H200'), 0],
    ['another GPU', working('webgpu:dot4 AMD Radeon RX 7900'), 0],
    ['SwiftShader', working('webgpu:dot4 SwiftShader Device (Subzero)'), 1],
    ['llvmpipe', working('webgpu:plain llvmpipe (LLVM 19.1.7, 256 bits)'), 1],
    ['lavapipe', working('webgpu:plain Lavapipe'), 1],
    ["Windows' own", working('webgpu:dot4 Microsoft Basic Render Driver'), 1],
    ['the CPU', working('cpu:native-avx512-vnni'), 1],
    ['none yet', { service: 'worker', phase: 'starting' }, 1],
  ])('with %s', async (_what, status, code) => {
    const { code: got, stderr } = await probe('production', status);
    expect(got).toBe(code);
    expect(stderr.includes('expected a GPU')).toBe(code === 1);
  });
});
