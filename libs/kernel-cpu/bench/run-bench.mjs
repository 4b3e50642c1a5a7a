// Bundles bench.ts and runs it in a process of its own, so that its resident set is the kernel's and not esbuild's. The
// peers it compares with are installed first, exactly as peers/package-lock.json has them; without them it goes on alone.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const benchDir = dirname(fileURLToPath(import.meta.url));
const workspace = join(benchDir, '../../..');
const outDir = join(workspace, 'dist/bench');
const outfile = join(outDir, 'kernel-cpu.mjs');
const peersDir = join(benchDir, 'peers');

if (!existsSync(join(peersDir, 'node_modules/onnxruntime-node'))) {
  // Its install script fetches GPU libraries; the CPU's are in the package.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  spawnSync('npm', args, { cwd: peersDir, stdio: 'inherit', shell: process.platform === 'win32' });
}
await build({
  entryPoints: [join(benchDir, 'bench.ts')],
  tsconfig: join(benchDir, '../tsconfig.json'),
  bundle: true,
  outfile,
  format: 'esm',
  platform: 'node',
  target: 'node20',
});
const addon = join(benchDir, '../native/build/Release/kernel_cpu.node');
const copy = join(outDir, 'kernel_cpu.node');
rmSync(copy, { force: true });
if (existsSync(addon)) copyFileSync(addon, copy);
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
  cwd: workspace,
  stdio: 'inherit',
});
process.exit(status ?? 1);
