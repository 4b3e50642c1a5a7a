// The reference twin and the WebAssembly engine are fit for a browser: nothing of theirs may import what is Node's.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function nodeImportsOf(entryPoint: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [`${root}/${entryPoint}`],
    tsconfig: `${root}/tsconfig.json`,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*', 'crypto'],
  });
  return (
    Object.entries(metafile.inputs)
      // Only what is the kernels' own: @tops/crypto has signatures by node:crypto beside the hashes in use here.
      .filter(([path]) => /libs\/kernel-(cpu|spec)\//.test(path))
      .flatMap(([, { imports }]) => imports)
      .flatMap(({ path, external }) => (external === true ? path : []))
  );
}

describe('kernels without Node.js', () => {
  it.each([
    'src/reference/reference-kernel.ts',
    'src/reference/reference-backend.ts',
    'src/wasm/engine.ts',
    'src/wasm/kernel-module.ts',
    'src/wasm/arena.ts',
  ])('%s imports nothing of it', async (entryPoint) => {
    expect(await nodeImportsOf(entryPoint)).toEqual([]);
  });

  it('would notice', async () => {
    expect(await nodeImportsOf('src/native/load-addon.ts')).toContain('node:fs');
  });
});
