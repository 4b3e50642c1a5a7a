// Bundles bench.ts, by the configuration of the apps, and runs it in a process of its own: what it measures must not share
// one with esbuild.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const benchDir = dirname(fileURLToPath(import.meta.url));
const outfile = join(benchDir, '../../../dist/bench/verifier.mjs');
const { banner, plugins } = createRequire(import.meta.url)('../../../tools/esbuild.config.cjs');
await build({
  entryPoints: [join(benchDir, 'bench.ts')],
  tsconfig: join(benchDir, '../tsconfig.json'),
  bundle: true,
  outfile,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['libsql'],
  ...{ banner, plugins },
});
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
