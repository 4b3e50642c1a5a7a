// Starts each image as it runs in production and checks it: node docker/smoke.mjs
//
// Read-only root, no capabilities, no way to gain any, a user without rights, a bridge network of its own. What it made it takes
// away again, whatever happens.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture, demandEngine, images, referenceOf, workspaceRoot } from './images.mjs';
import { lookInside } from './look-inside.mjs';

const START_TIMEOUT_MS = 60_000;
const RECEIPTS_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 250;
const HARDENING = [
  ...['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
  ...['--tmpfs=/tmp:rw,noexec,nosuid,size=64m', '--memory=1g', '--pids-limit=256'],
];
const PORT_VARIABLES = { verifier: 'PORT', 'worker-cpu': 'WORKER_PORT' };
const KEY_PATH = '/data/service.key';

const prefix = `tops-smoke-${randomBytes(4).toString('hex')}`;
const docker = (...args) => capture('docker', args);
const containerOf = (name) => `${prefix}-${name}`;
const references = Object.fromEntries(images.map((image) => [image.name, referenceOf(image)]));
const problems = [];

function check(isTrue, what) {
  console.log(`  ${isTrue ? 'ok  ' : 'FAIL'} ${what}`);
  if (!isTrue) problems.push(what);
}

/** Until `isDone` holds; false when it never did. Bounded: a smoke test that hangs tells nothing. */
async function waitFor(isDone, timeoutMs) {
  const end = performance.now() + timeoutMs;
  do {
    if (isDone()) return true;
    await sleep(POLL_MS);
  } while (performance.now() < end);
  return false;
}

/** Runs a line of JavaScript in the container, where there is no shell. */
function evaluate(name, code) {
  const program = ['/usr/local/bin/node', '--input-type=module', '-e', code];
  return docker('exec', containerOf(name), ...program);
}

function start(name, env) {
  const container = containerOf(name);
  const common = [...HARDENING, '--volume', `${container}:/data`];
  const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const keyMaker = ['--network=none', '--entrypoint=/usr/local/bin/node', references[name]];
  docker('volume', 'create', container);
  docker('run', '--rm', ...common, ...keyMaker, '/app/ensure-key.mjs', KEY_PATH);
  const place = ['--name', container, `--network=${prefix}`];
  docker('run', '--detach', ...place, ...common, ...settings, references[name]);
}

const stateOf = (name, field) =>
  docker('inspect', '--format', `{{.State.${field}}}`, containerOf(name));

/** Both streams: `docker logs` keeps them apart. */
const logsOf = (name) => capture('sh', ['-c', `docker logs ${containerOf(name)} 2>&1`]);

/** Exit code of the image's own probe. */
function isAnswering(name, path) {
  const probe = ['/usr/local/bin/node', '/app/healthcheck.mjs', PORT_VARIABLES[name], path];
  try {
    docker('exec', containerOf(name), ...probe);
    return true;
  } catch {
    return false;
  }
}

async function checkService(name) {
  console.log(references[name]);
  const isSettled = () =>
    stateOf(name, 'Health.Status') === 'healthy' || stateOf(name, 'Running') === 'false';
  await waitFor(isSettled, START_TIMEOUT_MS);
  if (stateOf(name, 'Running') === 'false') throw new Error(`${name} ended:\n${logsOf(name)}`);
  check(stateOf(name, 'Health.Status') === 'healthy', 'the engine finds it healthy');
  check(isAnswering(name, '/health'), '/health answers');
  check(await waitFor(() => isAnswering(name, '/ready'), START_TIMEOUT_MS), '/ready answers');
  check(!isAnswering(name, '/no-such-page'), 'the probe tells a page that is not there');
  check(evaluate(name, 'console.log(process.getuid())') === '1000', 'runs as user 1000');
  const write = (path) =>
    `import { writeFileSync } from 'node:fs'; try { writeFileSync('${path}', ''); console.log('written') } catch (e) { console.log(e.code) }`;
  check(evaluate(name, write('/app/probe')) === 'EROFS', 'its root cannot be written');
  check(evaluate(name, write('/tmp/probe')) === 'written', '/tmp can');
  check(evaluate(name, write('/data/probe')) === 'written', 'DATA_DIR can');
}

async function checkReceipts() {
  const begin = performance.now();
  const isAccepted = () => logsOf('worker-cpu').includes('"message":"first receipt accepted"');
  const isDone = await waitFor(isAccepted, RECEIPTS_TIMEOUT_MS);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  check(isDone, `the verifier accepts a receipt of the worker (waited ${seconds} s)`);
  check(/"driverHint":"cpu:native/.test(logsOf('verifier')), 'the verifier has its native kernel');
  const metrics = `console.log(await (await fetch('http://127.0.0.1:8082/status')).text())`;
  check(/cpu:native/.test(evaluate('worker-cpu', metrics)), 'the worker has its native kernel');
}

function checkStop(name) {
  const begin = performance.now();
  docker('stop', containerOf(name));
  const elapsedMs = performance.now() - begin;
  check(elapsedMs < STOP_TIMEOUT_MS, `${name} stops in ${Math.round(elapsedMs)} ms`);
  check(stateOf(name, 'ExitCode') === '0', `${name} exits with 0`);
}

/** No adapter is passed in, so the one thing it can do right is to say so. */
async function checkGpuWorker() {
  console.log(references['worker-gpu']);
  start('worker-gpu', { WORKER_SK_FILE: KEY_PATH, AGGREGATOR_URL: 'http://verifier:8081' });
  const isOver = await waitFor(
    () => stateOf('worker-gpu', 'Running') === 'false',
    START_TIMEOUT_MS,
  );
  check(isOver, 'ends without an adapter');
  check(stateOf('worker-gpu', 'ExitCode') === '1', 'exits with 1');
  const log = logsOf('worker-gpu');
  check(log.includes('no usable GPU'), 'says that there is no usable GPU');
  check(!log.includes('cannot load Dawn'), 'Dawn itself loads');
}

/** Layers are shared only while these stages stay the same, letter for letter. */
function checkSharedStages() {
  const shared = images.map(({ name }) => {
    const text = readFileSync(join(workspaceRoot, 'docker', name, 'Dockerfile'), 'utf8');
    return text.slice(text.indexOf('FROM '), text.indexOf('FROM build AS app'));
  });
  check(
    shared.every((stages) => stages.length > 0 && stages === shared[0]),
    'the Dockerfiles have the same stages up to the build',
  );
}

function cleanUp() {
  for (const { name } of images) {
    for (const args of [
      ['rm', '--force', containerOf(name)],
      ['volume', 'rm', '--force', containerOf(name)],
    ]) {
      try {
        docker(...args);
      } catch {
        // It was never made.
      }
    }
  }
  docker('network', 'rm', prefix);
}

demandEngine();
checkSharedStages();
docker('network', 'create', prefix);
try {
  start('verifier', { VERIFIER_SK_FILE: KEY_PATH });
  await checkService('verifier');
  start('worker-cpu', {
    WORKER_SK_FILE: KEY_PATH,
    AGGREGATOR_URL: `http://${containerOf('verifier')}:8081`,
  });
  await checkService('worker-cpu');
  await checkReceipts();
  checkStop('worker-cpu');
  checkStop('verifier');
  await checkGpuWorker();
  for (const { name } of images) {
    console.log(`inside ${references[name]}`);
    for (const [isTrue, what] of lookInside(containerOf(name), references[name]))
      check(isTrue, what);
  }
} finally {
  cleanUp();
}
console.log(problems.length === 0 ? 'smoke: all well' : `smoke: ${problems.length} failed`);
process.exitCode = problems.length === 0 ? 0 : 1;
