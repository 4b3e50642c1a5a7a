import { describe, expect, it } from '@jest/globals';
import { runInMemory } from '../../test/run-in-memory.ts';

const args = ['bench', '--sizes', '128,64,64', '--threads', '1', '--repeats', '3'];

describe('tops bench', () => {
  it('measures the shape it is given and says on what', async () => {
    const json = await runInMemory([...args, '--json'], { env: { KERNEL_CPU: 'wasm' } });
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({
      cpu: expect.any(String),
      cores: expect.any(Number),
      node: process.version,
      driver_hint: 'cpu:wasm-simd',
      threads: 1,
      repeats: 3,
      results: [
        {
          sizes: { m: 128, n: 64, k: 64 },
          gops: expect.any(Number),
          limit_share: expect.any(Number),
        },
      ],
    });
  });

  it('refuses a CPU kernel that does not exist', async () => {
    const { code, stderr } = await runInMemory(args, { env: { KERNEL_CPU: 'cuda' } });
    expect(code).toBe(2);
    expect(stderr).toContain('KERNEL_CPU');
  });

  it('keeps the slowest, median and fastest attempt in order', async () => {
    const { stdout } = await runInMemory([...args, '--json']);
    const [result] = (
      JSON.parse(stdout) as { results: { gops: number; gops_min: number; gops_max: number }[] }
    ).results;
    expect(result!.gops).toBeGreaterThanOrEqual(result!.gops_min);
    expect(result!.gops_max).toBeGreaterThanOrEqual(result!.gops);
  });

  it('prints a table for people', async () => {
    const text = await runInMemory(args);
    expect(text.stdout).toContain('GOP/s per thread');
    expect(text.stdout).toMatch(/^cpu .*\ncores +\d+\nnode +v/);
    expect(text.stdout).toMatch(/\n128 +64 +64 /);
  });
});
