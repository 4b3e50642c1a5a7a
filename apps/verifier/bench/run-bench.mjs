// Bundles bench.ts and runs it in a process of its own: what it measures must not share one with esbuild.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const benchDir = dirname(fileURLToPath(import.meta.url));
const outfile = join(benchDir, '../../../dist/bench/verifier.mjs');
await build({
  entryPoints: [join(benchDir, 'bench.ts')],
  tsconfig: join(benchDir, '../tsconfig.json'),
  bundle: true,
  outfile,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['libsql'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
