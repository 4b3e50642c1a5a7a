// The addon with AddressSanitizer and UBSan under every spec that uses it, and its pool with ThreadSanitizer:
// npx nx test-sanitizers kernel-cpu
// Needs GCC on Linux: its run-time library goes in before Node.js.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findToolchain } from '../toolchain.mjs';

const testDir = dirname(fileURLToPath(import.meta.url));
const root = join(testDir, '../../../..');
const buildDir = join(root, 'dist/native-sanitizers');
const addonPath = join(buildDir, 'build/Release/kernel_cpu.node');
const { compiler, missing } = findToolchain();

function run(program, args, env = {}) {
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    console.error(`${program} ${args[0]}: exit code ${status}`);
    process.exit(status ?? 1);
  }
}

if (process.platform !== 'linux' || missing.length > 0) {
  console.error(`expected Linux with a C++ compiler, got ${process.platform}, without ${missing}`);
  process.exit(1);
}

run(process.execPath, [join(testDir, '../build-native.mjs'), '--sanitize']);

// Function by function first: what is wrong there is easier to read.
const libraries = process.arch === 'x64' ? ['avx512-vnni', 'avx-vnni', 'avx2'] : ['neon-dot'];
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g'];
const selfTest = join(buildDir, 'isa-self-test');
run(compiler, [
  ...['-std=c++17', '-O1', ...sanitizers, '-o', selfTest],
  join(testDir, 'isa-self-test.cc'),
  join(testDir, '../src/isa-select.cc'),
  ...[...libraries, 'generic'].map((name) => join(buildDir, `build/Release/${name}.a`)),
]);
run(selfTest, []);

// Races are the pool's own affair; Node.js under ThreadSanitizer would report its own.
const isaFlags = {
  x64: {
    'avx512-vnni': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx512vnni', '-w'],
    'avx-vnni': ['-mavx2', '-mavxvnni'],
    avx2: ['-mavx2'],
  },
  arm64: { 'neon-dot': ['-march=armv8.2-a+dotprod'] },
};
const source = (name) => join(testDir, '../src', `${name}.cc`);
const objects = [];
const raced = ['-std=c++17', '-O1', '-g', '-fsanitize=thread'];
for (const [name, flags] of Object.entries({ ...isaFlags[process.arch], generic: [] })) {
  const object = join(buildDir, `${name}.thread.o`);
  run(compiler, [...raced, ...flags, '-c', source(`kernels/${name}`), '-o', object]);
  objects.push(object);
}
const stress = join(buildDir, 'pool-stress');
run(compiler, [
  ...[...raced, '-pthread', '-o', stress, ...objects, join(testDir, 'pool-stress.cc')],
  ...['isa-select', 'engine', 'jobs', 'pool', 'weights'].map(source),
]);
run(stress, [], { TSAN_OPTIONS: 'halt_on_error=1:exitcode=99' });

const preload = ['libasan.so', 'libubsan.so'].map((name) =>
  spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim(),
);
const env = {
  LD_PRELOAD: preload.join(':'),
  // Node.js frees little of its own at its end: leaks would be its.
  ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=0:exitcode=99',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  KERNEL_CPU_TEST_ADDON: addonPath,
};
const jest = join(root, 'tools/src/run-jest.mjs');
const specs = {
  'kernel-cpu': 'native|selection|cpu-kernel.spec',
  'kernel-conformance': 'native-kernel',
};
for (const [project, pattern] of Object.entries(specs)) {
  const name = `${project}-sanitizers`;
  run(process.execPath, [jest, `libs/${project}`, name, '--runInBand', pattern], env);
}
console.log('sanitizers: nothing found');
