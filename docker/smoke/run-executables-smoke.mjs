// The executables on a machine that has neither Node.js nor packages: node docker/smoke/run-executables-smoke.mjs
//
// A bare Debian is given the archives, unpacks them as a user without rights and starts each by its one command: the verifier's accepts a
// receipt of the worker's, and the GPU worker's says that there is no adapter. EXECUTABLES_SMOKE_IMAGE is another Debian.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { archiveOf, executables } from '../../tools/src/executables/executables.mjs';
import { capture, demandEngine } from '../build/images.mjs';
import { CheckList } from './check-list.mjs';
import { readJson, waitFor } from './wait-for.mjs';

const START_TIMEOUT_MS = 60_000;
const RECEIPT_TIMEOUT_MS = 120_000;
const { EXECUTABLES_SMOKE_IMAGE: base = 'debian:bookworm-slim' } = process.env;

const prefix = `tops-executables-${randomBytes(4).toString('hex')}`;
const containerOf = (name) => `${prefix}-${name}`;
const docker = (...args) => capture('docker', args);
const logsOf = (name) => capture('sh', ['-c', `docker logs ${containerOf(name)} 2>&1`]);
const stateOf = (name, field) =>
  docker('inspect', '--format', `{{.State.${field}}}`, containerOf(name));
const checks = new CheckList('executables-smoke');

/** Unpacked and started by one shell line, in which the command takes the shell's place. */
function start(name, env, options = []) {
  const { folder, path } = archiveOf(name);
  const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const line = `cd /tmp && tar -xzf /archive.tar.gz && exec ./${folder}/${name}`;
  docker(
    'run',
    ...['--detach', '--name', containerOf(name), `--network=${prefix}`, '--user=1000:1000'],
    ...['--cap-drop=ALL', '--security-opt=no-new-privileges', '--memory=1g', '--pids-limit=256'],
    ...['--env', 'HOME=/tmp', '--volume', `${path}:/archive.tar.gz:ro`],
    ...[...settings, ...options, base, 'sh', '-c', line],
  );
}

async function checkLog(name, what, { text, timeoutMs }) {
  const isDone = () => logsOf(name).includes(text);
  const seconds = await waitFor(() => isDone() || stateOf(name, 'Running') === 'false', timeoutMs);
  const isThere = seconds !== undefined && isDone();
  if (!isThere) console.log(logsOf(name).split('\n').slice(-15).join('\n'));
  return checks.check(isThere, `${what} (${seconds?.toFixed(1)} s)`);
}

function checkBase() {
  checks.begin(base);
  const probe = 'command -v node nodejs npm; find / -xdev -name node_modules | head -1; uname -m';
  const found = docker('run', '--rm', '--network=none', base, 'sh', '-c', probe).split('\n');
  checks.check(found.length === 1, `has no Node.js and no node_modules (${found.join(' ')})`);
}

async function checkServices() {
  checks.begin('tops-verifier');
  start('tops-verifier', { PORT: '8081' }, ['--publish', '127.0.0.1::8081']);
  const listening = { text: '"message":"listening"', timeoutMs: START_TIMEOUT_MS };
  if (!(await checkLog('tops-verifier', 'starts', listening))) return;
  const address = `http://${docker('port', containerOf('tops-verifier'), '8081').split('\n')[0]}`;
  checks.begin('tops-worker-cpu');
  start('tops-worker-cpu', { AGGREGATOR_URL: `http://${containerOf('tops-verifier')}:8081` });
  await checkLog('tops-worker-cpu', 'a receipt is accepted', {
    text: '"message":"first receipt accepted"',
    timeoutMs: RECEIPT_TIMEOUT_MS,
  });
  const isNative = /"driverHint":"cpu:native/.test(logsOf('tops-worker-cpu'));
  checks.check(isNative, 'it has its native kernel');
  const isCredited = async () => {
    const { workers } = await readJson(`${address}/v1/workers`);
    return workers.some(({ credited_ops: ops }) => BigInt(ops) > 0n);
  };
  checks.check(
    (await waitFor(isCredited, START_TIMEOUT_MS)) !== undefined,
    'the verifier credits it',
  );
  for (const name of ['tops-worker-cpu', 'tops-verifier']) {
    docker('stop', containerOf(name));
    checks.check(stateOf(name, 'ExitCode') === '0', `${name} stops in order`);
  }
}

async function checkGpuWorker() {
  checks.begin('tops-worker-gpu');
  start('tops-worker-gpu', { AGGREGATOR_URL: 'http://127.0.0.1:9' });
  await checkLog('tops-worker-gpu', 'says that there is no usable GPU', {
    text: 'no usable GPU',
    timeoutMs: START_TIMEOUT_MS,
  });
  const isEnded = () => stateOf('tops-worker-gpu', 'Running') === 'false';
  checks.check((await waitFor(isEnded, START_TIMEOUT_MS)) !== undefined, 'ends');
  checks.check(stateOf('tops-worker-gpu', 'ExitCode') === '1', 'exits with 1');
  checks.check(!logsOf('tops-worker-gpu').includes('cannot load Dawn'), 'Dawn itself loads');
}

function cleanUp() {
  const made = executables.map(({ name }) => ['rm', '--force', '--volumes', containerOf(name)]);
  for (const args of [...made, ['network', 'rm', prefix]]) {
    try {
      docker(...args);
    } catch {
      // It was never made.
    }
  }
}

demandEngine();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}
await checks.run(async () => {
  const missing = executables.filter(({ name }) => !existsSync(archiveOf(name).path));
  if (missing.length > 0) throw new Error(`no archive of ${missing.map((one) => one.name)}`);
  try {
    docker('network', 'create', prefix);
    checkBase();
    await checkServices();
    await checkGpuWorker();
  } finally {
    cleanUp();
  }
});
