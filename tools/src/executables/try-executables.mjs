// Each executable of this platform unpacked and started once, as somebody who downloaded it would: npx nx run tools:try-executables
//
// With nothing of this process's environment that leads to its Node.js or packages. The verifier's accepts a receipt of each worker's;
// the GPU worker computes on software Vulkan where that is there (linux-x64), and where there is no adapter has to say so and end.
// docker/smoke/run-executables-smoke.mjs does the same on a machine that has no Node.js at all.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { CheckList } from '../../../docker/smoke/check-list.mjs';
import { waitFor } from '../../../docker/smoke/wait-for.mjs';
import { archiveOf, executables, thisPlatform, workspaceRoot } from './executables.mjs';

const START_TIMEOUT_MS = 60_000;
/** Software Vulkan is slow, and shared runners are slower. */
const RECEIPT_TIMEOUT_MS = 240_000;
const STOP_TIMEOUT_MS = 20_000;
const OUTPUT_CHARS_MAX = 1_000_000;
/** There is one from npm for this platform alone. */
const hasSoftwareVulkan = thisPlatform === 'linux-x64';
const SOFTWARE_VULKAN = join(workspaceRoot, 'libs/kernel-webgpu/test/use-software-vulkan.mjs');

const directory = mkdtempSync(join(tmpdir(), 'tops-executables-'));
const checks = new CheckList('executables');
const running = [];

function unpack({ name }) {
  const { folder, path } = archiveOf(name);
  if (!existsSync(path)) throw new Error(`expected ${path}, got nothing`);
  const { status, stderr } = spawnSync('tar', ['-xzf', path, '-C', directory]);
  if (status !== 0) throw new Error(`tar failed: ${stderr}`);
  return join(directory, folder);
}

/** A started command; what it prints is kept up to a bound. */
function start(command, name, env) {
  const home = join(directory, 'home', name);
  mkdirSync(home, { recursive: true });
  const child = spawn(command, [], {
    cwd: home,
    env: { PATH: '/usr/bin:/bin', HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const service = { name, output: '', child, exitCode: undefined };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      service.output = (service.output + bytes).slice(-OUTPUT_CHARS_MAX);
    });
  child.once('error', (error) => {
    service.output += error.message;
    service.exitCode = -1;
  });
  child.once('exit', (code) => {
    service.exitCode = code ?? -1;
  });
  running.push(service);
  return service;
}

const isEnded = ({ exitCode }) => exitCode !== undefined;
const recordsOf = ({ output }, message) =>
  output
    .split('\n')
    .filter((line) => line.includes(`"message":"${message}"`))
    .map((line) => JSON.parse(line));

async function until(service, isDone, timeoutMs) {
  await waitFor(() => isDone() || isEnded(service), timeoutMs);
  if (isDone()) return true;
  console.log(service.output.split('\n').slice(-15).join('\n'));
  return false;
}

async function startVerifier(root) {
  checks.begin('tops-verifier');
  const verifier = start(join(root, 'tops-verifier'), 'verifier', { PORT: '0' });
  const isListening = () => recordsOf(verifier, 'listening').length > 0;
  if (!checks.check(await until(verifier, isListening, START_TIMEOUT_MS), 'starts'))
    return undefined;
  const { port } = recordsOf(verifier, 'listening')[0];
  const page = await fetch(`http://127.0.0.1:${port}/`);
  checks.check(page.ok && /<html/i.test(await page.text()), 'serves its dashboard');
  return { verifier, address: `http://127.0.0.1:${port}` };
}

async function tryWorker(command, name, env) {
  const worker = start(command, name, { WORKER_PORT: '0', ...env });
  const isAccepted = () => recordsOf(worker, 'first receipt accepted').length > 0;
  const isDone = await until(worker, isAccepted, RECEIPT_TIMEOUT_MS);
  const device = recordsOf(worker, 'compute device')[0]?.driverHint;
  return { worker, isDone, device };
}

async function tryCpuWorker(root, address) {
  checks.begin('tops-worker-cpu');
  const command = join(root, 'tops-worker-cpu');
  const { worker, isDone, device } = await tryWorker(command, 'cpu', { AGGREGATOR_URL: address });
  checks.check(isDone, `a receipt is accepted (${device})`);
  if (process.env['REQUIRE_NATIVE_KERNEL'] === '1')
    checks.check(/^cpu:native/.test(device ?? ''), 'it has the native kernel');
  await checkStop(worker);
  // As a directory of PATH would have it.
  const link = join(directory, 'tops');
  symlinkSync(join(root, 'tops'), link);
  const help = spawnSync(link, ['--help'], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  });
  const isAnswered = help.status === 0 && /keygen/.test(help.stdout);
  checks.check(isAnswered, '`tops --help` answers, by a link to it');
}

async function tryGpuWorker(root, address) {
  checks.begin('tops-worker-gpu');
  const software = hasSoftwareVulkan
    ? {
        NODE_OPTIONS: `--import=${pathToFileURL(SOFTWARE_VULKAN).href}`,
        ALLOW_SOFTWARE_GPU: '1',
        // Software takes minutes to try the shapes of a GPU.
        AUTOTUNE_DISABLE: '1',
        AUTOTUNE_PRESETS: '4096,64,64',
      }
    : {};
  const command = join(root, 'tops-worker-gpu');
  const env = { AGGREGATOR_URL: address, ...software };
  const { worker, isDone, device } = await tryWorker(command, 'gpu', env);
  // A machine in a cloud may have no GPU that can be used; where there is a software one there is no excuse.
  const isRefused = !hasSoftwareVulkan && /no usable GPU/.test(worker.output);
  checks.check(
    isDone || isRefused,
    isRefused ? 'says that there is no GPU' : `a receipt (${device})`,
  );
  checks.check(!worker.output.includes('cannot load Dawn'), 'Dawn itself loads');
  if (isRefused) checks.check(worker.exitCode === 1, 'exits with 1');
  else await checkStop(worker);
}

async function checkStop(service) {
  service.child.kill('SIGTERM');
  await waitFor(() => isEnded(service), STOP_TIMEOUT_MS);
  checks.check(service.exitCode === 0, `stops in order (exit code ${service.exitCode})`);
}

function cleanUp() {
  for (const service of running) if (!isEnded(service)) service.child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}
await checks.run(async () => {
  try {
    const [cpu, gpu, verifierRoot] = executables.map(unpack);
    const started = await startVerifier(verifierRoot);
    if (started === undefined) return;
    await tryCpuWorker(cpu, started.address);
    await tryGpuWorker(gpu, started.address);
    checks.begin('tops-verifier');
    await checkStop(started.verifier);
  } finally {
    cleanUp();
  }
});
