// Builds the native addon where that is possible: npx nx build-native kernel-cpu, and by itself after `npm ci`.
//
//   node build-native.mjs [--sanitize]
//
// A machine without a compiler is no error: the kernel is WebAssembly then, and kernel_cpu.txt beside the addon's place says
// why. REQUIRE_NATIVE_KERNEL=1 makes it one. --sanitize builds with AddressSanitizer and UBSan, into dist/native-sanitizers.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findToolchain } from './toolchain.mjs';

const BUILD_TIMEOUT_MS = 300_000;
const SHOWN_LINES = 15;

const nativeDir = dirname(fileURLToPath(import.meta.url));
const isSanitized = process.argv.includes('--sanitize');
const isDemanded = isSanitized || process.env['REQUIRE_NATIVE_KERNEL'] === '1';
const buildDir = isSanitized ? join(nativeDir, '../../../dist/native-sanitizers') : nativeDir;
const releaseDir = join(buildDir, 'build/Release');
const addonPath = join(releaseDir, 'kernel_cpu.node');
const stampPath = join(releaseDir, 'kernel_cpu.stamp');
const reasonPath = join(releaseDir, 'kernel_cpu.txt');

/** Everything the addon is made of. */
function sourceHash(toolchain) {
  const hash = createHash('sha256');
  const files = readdirSync(join(nativeDir, 'src'), { recursive: true })
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join('src', name));
  for (const name of [...files, 'binding.gyp', 'build-native.mjs'].sort()) {
    hash.update(name).update(readFileSync(join(nativeDir, name)));
  }
  const { version } = JSON.parse(readFileSync(join(toolchain.nodeAddonApi, 'package.json')));
  const { compilerVersion } = toolchain;
  const { platform, arch } = process;
  return hash
    .update(JSON.stringify({ version, compilerVersion, platform, arch, isSanitized }))
    .digest('hex');
}

function isUpToDate(hash) {
  return existsSync(addonPath) && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === hash;
}

/** No addon is better than one of older sources. */
function giveUp(reason) {
  rmSync(addonPath, { force: true });
  mkdirSync(releaseDir, { recursive: true });
  writeFileSync(reasonPath, `${reason}\n`);
  console.log(`native kernel: not built, ${reason}; the CPU kernel will be WebAssembly`);
  if (isDemanded) process.exitCode = 1;
}

function runNodeGyp(toolchain) {
  const jobs = String(availableParallelism());
  const gyp = [toolchain.nodeGyp, 'rebuild', '--jobs', jobs];
  if (toolchain.headers) gyp.push(`--nodedir=${toolchain.headers}`);
  const include = `-Dnode_addon_api=${toolchain.nodeAddonApi}`;
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [...gyp, '--', include, `-Dsanitize=${isSanitized ? 1 : 0}`],
    { cwd: buildDir, encoding: 'utf8', timeout: BUILD_TIMEOUT_MS, maxBuffer: 2 ** 26 },
  );
  if (status === 0) return undefined;
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.slice(-SHOWN_LINES)) console.log(`  ${line}`);
  const told = lines.find((line) => /\berror\b/i.test(line)) ?? error?.message;
  return `the compiler failed: ${told ?? `exit code ${status}`}`;
}

/** Whether it loads, in a process that may crash. A sanitized one needs its run-time library first. */
function tryLoading() {
  const script = `const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(addonPath)}); console.log(m.exports.listIsas().join(', '));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (status === 0) return { isas: stdout.trim() };
  return { reason: `it does not load: ${stderr.trim().split('\n')[0] || `exit code ${status}`}` };
}

function build() {
  const toolchain = findToolchain();
  const { missing } = toolchain;
  if (missing.length > 0) return giveUp(`missing: ${missing.join(', ')}`);
  const hash = sourceHash(toolchain);
  if (isUpToDate(hash)) return console.log('native kernel: up to date');
  if (isSanitized) {
    rmSync(buildDir, { recursive: true, force: true });
    mkdirSync(buildDir, { recursive: true });
    for (const name of ['src', 'binding.gyp']) {
      cpSync(join(nativeDir, name), join(buildDir, name), { recursive: true });
    }
  }
  const reason = runNodeGyp(toolchain);
  if (reason !== undefined) return giveUp(reason);
  const loaded = isSanitized ? { isas: 'with sanitizers' } : tryLoading();
  if (loaded.reason !== undefined) return giveUp(loaded.reason);
  writeFileSync(stampPath, hash);
  console.log(`native kernel: built, ${loaded.isas} (${toolchain.compilerVersion})`);
}

build();
