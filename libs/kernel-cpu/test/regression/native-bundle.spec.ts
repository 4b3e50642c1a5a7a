// A bundle finds the addon beside it, and computes without it when it is missing or broken.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { describeNative } from '../native-addon.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'tops-bundle-'));
const bundle = join(directory, 'main.mjs');
const addonPath = join(directory, 'kernel_cpu.node');
const script = `
  import { createCpuKernel } from './src/index.ts';
  const kernel = await createCpuKernel({ threadCount: 1 });
  await kernel.computeLeaves({ attemptKey: new Uint8Array(32), shape: { m: 64, n: 64, k: 64 } }, [1]);
  await kernel.close();
  console.log(JSON.stringify(kernel.selection));
`;

/** From another working directory: nothing may hang on where a service is started. */
function selection(): unknown {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle], {
    cwd: tmpdir(),
    encoding: 'utf8',
    env: {},
    timeout: 20_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

describeNative('an application bundle', () => {
  beforeAll(async () => {
    await build({
      stdin: { contents: script, resolveDir: root, loader: 'ts' },
      tsconfig: join(root, 'tsconfig.json'),
      bundle: true,
      outfile: bundle,
      format: 'esm',
      platform: 'node',
      target: 'node20',
    });
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('computes natively with the addon beside it', () => {
    copyFileSync(join(root, 'native/build/Release/kernel_cpu.node'), addonPath);
    expect(selection()).toMatchObject({ kernel: 'native' });
  });

  it('computes by WebAssembly without it', () => {
    rmSync(addonPath);
    expect(selection()).toMatchObject({ kernel: 'wasm', fallback: { code: 'addon_missing' } });
  });

  it('computes by WebAssembly when it is no addon at all', () => {
    writeFileSync(addonPath, 'junk');
    expect(selection()).toMatchObject({ kernel: 'wasm', fallback: { code: 'addon_failed' } });
  });
});
