// The compose stack, killed and back: node docker/compose-smoke.mjs
//
// Under a project name and on ports of its own, so that a stack that somebody uses is left alone. Receipts that the verifier
// accepted before a SIGKILL must all be there after it, and the worker must go on by itself.
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture, demandEngine } from '../build/images.mjs';
import { composeCommand, composeEnvironment } from '../compose-command.mjs';

const ACCEPT_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 3000;
const POLL_MS = 500;
/** Enough that losing the last transaction would show. */
const RECEIPTS_BEFORE_KILL = 10;
const FIRST_PORT = 20_000;
const PORT_RANGE = 10_000;

const project = `topssmoke${randomBytes(4).toString('hex')}`;
const port = FIRST_PORT + 2 * Math.floor((Math.random() * PORT_RANGE) / 2);
const env = composeEnvironment({
  VERIFIER_HOST_PORT: String(port),
  WORKER_HOST_PORT: String(port + 1),
  LOG_LEVEL: 'debug',
});
const [program, ...before] = composeCommand(project);
const compose = (...args) => capture(program, [...before, ...args], { env });

/** A timer of ours bounds the request: the one of AbortSignal.timeout does not keep the process alive. */
async function readJson(url) {
  const abort = new AbortController();
  const late = sleep(REQUEST_TIMEOUT_MS, undefined, { signal: abort.signal }).then(() => {
    throw new Error(`expected an answer of ${url} within ${REQUEST_TIMEOUT_MS} ms, got none`);
  });
  try {
    return await Promise.race([readBody(url, abort.signal), late]);
  } finally {
    late.catch(() => {});
    abort.abort();
  }
}

async function readBody(url, signal) {
  // The verifier goes away and comes back: a connection kept alive would be one to the old one.
  const response = await fetch(url, { signal, headers: { connection: 'close' } });
  if (!response.ok) throw new Error(`expected 200 of ${url}, got ${response.status}`);
  return response.json();
}

/** Receipts that the worker was told are accepted: at this level of logging it names each. */
function acknowledgedIds() {
  const log = compose('logs', '--no-color', 'worker-cpu');
  const lines = log.split('\n').filter((line) => line.includes('"message":"receipt accepted"'));
  return lines.map((line) => /"receiptId":"([0-9a-f]{64})"/.exec(line)?.[1]);
}

async function isKept(receiptId) {
  try {
    const { outcome } = await readJson(`http://127.0.0.1:${port}/v1/receipts/${receiptId}`);
    return outcome === 'accepted';
  } catch (error) {
    console.log(`  ${error.message}`);
    return false;
  }
}

const workerStatus = () => readJson(`http://127.0.0.1:${port + 1}/status`);

async function waitFor(what, isDone) {
  const begin = performance.now();
  while (performance.now() - begin < ACCEPT_TIMEOUT_MS) {
    if (await isDone().catch(() => false)) {
      console.log(`  ok   ${what} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
      return;
    }
    await sleep(POLL_MS);
  }
  throw new Error(
    `${what}: not within ${ACCEPT_TIMEOUT_MS / 1000} s\n${compose('logs', '--tail=20')}`,
  );
}

function demand(isTrue, what) {
  if (!isTrue) throw new Error(`expected ${what}, got otherwise`);
  console.log(`  ok   ${what}`);
}

async function run() {
  compose('up', '--detach');
  await waitFor('receipts are accepted', async () => {
    const { accepted } = await workerStatus();
    return accepted >= RECEIPTS_BEFORE_KILL;
  });
  compose('kill', '-s', 'SIGKILL', 'verifier');
  const { accepted: countBefore } = await workerStatus();
  const ids = acknowledgedIds();
  demand(ids.length >= RECEIPTS_BEFORE_KILL, `${ids.length} receipts were acknowledged`);
  compose('up', '--detach', 'verifier');
  await waitFor('the verifier is back', async () => {
    await readJson(`http://127.0.0.1:${port}/ready`);
    return true;
  });
  let keptCount = 0;
  for (const id of ids) keptCount += Number(await isKept(id));
  demand(keptCount === ids.length, `${keptCount} of them are in the ledger, none is missing`);
  await waitFor('the worker resumes', async () => {
    const { accepted } = await workerStatus();
    return accepted >= countBefore + RECEIPTS_BEFORE_KILL;
  });
  const begin = performance.now();
  compose('stop');
  const elapsedMs = performance.now() - begin;
  demand(elapsedMs < 20_000, `both stop in ${Math.round(elapsedMs)} ms`);
}

demandEngine();
try {
  await run();
  console.log('compose: all well');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  compose('down', '--volumes', '--remove-orphans');
}
