// Bundles bench.ts. Dawn stays outside: it is a native module.
import { spawnSync } from 'node:child_process';
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
    define: { BENCH_COMMIT: JSON.stringify(commitOf(benchDir)) },
  });
  return outfile;
}

function commitOf(directory) {
  // A benchmark only looks: it must not write the index that another git command may be working on.
  const git = ['--no-optional-locks', '-C', directory];
  const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  const { status, stdout } = spawnSync('git', [...git, ...describe], {
    encoding: 'utf8',
    timeout: 5000,
  });
  return status === 0 ? stdout.trim() : 'unknown';
}
