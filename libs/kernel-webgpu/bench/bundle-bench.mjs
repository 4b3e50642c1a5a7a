// Bundles bench.ts. Dawn stays outside: it is a native module.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const benchDir = dirname(fileURLToPath(import.meta.url));
export const outDir = join(benchDir, '../../../dist/bench');

/** @returns the bundle's path */
export async function bundleBench(outfile) {
  await build({
    entryPoints: [join(benchDir, 'bench.ts')],
    tsconfig: join(benchDir, '../tsconfig.json'),
    bundle: true,
    outfile,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['webgpu'],
    loader: { '.wgsl': 'text' },
  });
  return outfile;
}
