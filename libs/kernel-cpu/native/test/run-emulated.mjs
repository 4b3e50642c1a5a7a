// The NEON kernel without an Arm machine: cross-compiled, and run by QEMU. npx nx test-emulated kernel-cpu
// Debian: apt-get install g++-aarch64-linux-gnu qemu-user
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const testDir = dirname(fileURLToPath(import.meta.url));
const sources = join(testDir, '../src');
const outDir = join(testDir, '../../../../dist/native-emulated');
const compiler = 'aarch64-linux-gnu-g++';

function run(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error) {
    console.error(`${program}: ${error.message}; see the head of this file for what to install`);
  }
  if (status !== 0) process.exit(status ?? 1);
}

mkdirSync(outDir, { recursive: true });
const flags = ['-std=c++17', '-O3', '-Wall', '-Wextra'];
const neon = join(outDir, 'neon-dot.o');
const program = join(outDir, 'isa-self-test');
const kernels = join(sources, 'kernels');
run(compiler, [
  ...flags,
  '-march=armv8.2-a+dotprod',
  '-c',
  join(kernels, 'neon-dot.cc'),
  '-o',
  neon,
]);
run(compiler, [
  ...[...flags, '-static', '-o', program, neon, join(kernels, 'generic.cc')],
  ...[join(sources, 'isa-select.cc'), join(testDir, 'isa-self-test.cc')],
]);
run('qemu-aarch64', ['-cpu', 'max', program]);
