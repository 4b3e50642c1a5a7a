// Starts each image as it runs in production and checks it: node docker/smoke/run-smoke.mjs
import process from 'node:process';
import { demandEngine, images } from '../build/images.mjs';
import { CheckList } from './check-list.mjs';
import { checkVerifierStop, checkWorkerStop } from './check-stop.mjs';
import {
  cleanUp,
  containerOf,
  createNetwork,
  evaluate,
  isAnswering,
  KEY_PATH,
  logsOf,
  references,
  start,
  stateOf,
} from './containers.mjs';
import { checkInside, checkThatLookingSees } from './check-inside.mjs';
import { checkRebuild } from './check-rebuild.mjs';
import { waitFor } from './wait-for.mjs';

const START_TIMEOUT_MS = 60_000;
const RECEIPTS_TIMEOUT_MS = 60_000;

const checks = new CheckList('docker-smoke');

async function checkService(name) {
  checks.begin(references[name]);
  const isSettled = () =>
    stateOf(name, 'Health.Status') === 'healthy' || stateOf(name, 'Running') === 'false';
  await waitFor(isSettled, START_TIMEOUT_MS);
  if (stateOf(name, 'Running') === 'false') throw new Error(`${name} ended:\n${logsOf(name)}`);
  checks.check(stateOf(name, 'Health.Status') === 'healthy', 'the engine finds it healthy');
  checks.check(isAnswering(name, '/health'), '/health answers');
  const readySeconds = await waitFor(() => isAnswering(name, '/ready'), START_TIMEOUT_MS);
  checks.check(readySeconds !== undefined, '/ready answers');
  checks.check(!isAnswering(name, '/no-such-page'), 'the probe tells a page that is not there');
  checks.check(evaluate(name, 'console.log(process.getuid())') === '1000', 'runs as user 1000');
  checks.check(
    evaluate(
      name,
      "console.log((await import('node:fs')).statSync('/data/service.key').mode % 512)",
    ) === String(0o600),
    'its key is for its user alone',
  );
  const write = (path) =>
    `import { writeFileSync } from 'node:fs'; try { writeFileSync('${path}', ''); console.log('written') } catch (e) { console.log(e.code) }`;
  checks.check(evaluate(name, write('/app/probe')) === 'EROFS', 'its root cannot be written');
  checks.check(evaluate(name, write('/tmp/probe')) === 'written', '/tmp can');
  checks.check(evaluate(name, write('/data/probe')) === 'written', 'DATA_DIR can');
}

async function checkReceipts() {
  const isAccepted = () => logsOf('worker-cpu').includes('"message":"first receipt accepted"');
  const seconds = await waitFor(isAccepted, RECEIPTS_TIMEOUT_MS);
  checks.check(
    seconds !== undefined,
    `the verifier accepts a receipt of the worker (waited ${seconds?.toFixed(1)} s)`,
  );
  const hasNative = /"driverHint":"cpu:native/.test(logsOf('verifier'));
  checks.check(hasNative, 'the verifier has its native kernel');
  const status = `console.log(await (await fetch('http://127.0.0.1:8082/status')).text())`;
  const isNative = /cpu:native/.test(evaluate('worker-cpu', status));
  checks.check(isNative, 'the worker has its native kernel');
}

/** No adapter is passed in, so the one thing it can do right is to say so. */
async function checkGpuWorker() {
  checks.begin(references['worker-gpu']);
  start('worker-gpu', { WORKER_SK_FILE: KEY_PATH, AGGREGATOR_URL: 'http://verifier:8081' });
  const isEnded = () => stateOf('worker-gpu', 'Running') === 'false';
  checks.check((await waitFor(isEnded, START_TIMEOUT_MS)) !== undefined, 'ends without an adapter');
  checks.check(stateOf('worker-gpu', 'ExitCode') === '1', 'exits with 1');
  const log = logsOf('worker-gpu');
  checks.check(log.includes('no usable GPU'), 'says that there is no usable GPU');
  checks.check(!log.includes('cannot load Dawn'), 'Dawn itself loads');
}

async function smoke() {
  createNetwork();
  start('verifier', { VERIFIER_SK_FILE: KEY_PATH }, { publish: 8081 });
  await checkService('verifier');
  start('worker-cpu', {
    WORKER_SK_FILE: KEY_PATH,
    AGGREGATOR_URL: `http://${containerOf('verifier')}:8081`,
    // At this level the worker names each receipt that it is told is accepted.
    LOG_LEVEL: 'debug',
  });
  await checkService('worker-cpu');
  await checkReceipts();
  checks.begin('docker stop');
  await checkWorkerStop(checks);
  await checkVerifierStop(checks);
  await checkGpuWorker();
  for (const { name } of images) checkInside(checks, references[name]);
  checkThatLookingSees(checks, references.verifier);
  checkRebuild(checks);
}

demandEngine();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}
await checks.run(async () => {
  try {
    await smoke();
  } finally {
    cleanUp();
  }
});
