// Bundles bench.ts and runs it in a process of its own, so that its resident set is the kernel's and not esbuild's.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const benchDir = dirname(fileURLToPath(import.meta.url));
const outfile = join(benchDir, '../../../dist/bench/kernel-cpu.mjs');
await build({
  entryPoints: [join(benchDir, 'bench.ts')],
  tsconfig: join(benchDir, '../tsconfig.json'),
  bundle: true,
  outfile,
  format: 'esm',
  platform: 'node',
  target: 'node20',
});
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
