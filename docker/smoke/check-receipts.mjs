// Receipts over the compose stack, and a SIGKILL of the verifier: what the worker was told is accepted must all be there after it.
import { readJson, waitFor } from './wait-for.mjs';

const TIMEOUT_MS = 60_000;
/** Enough that losing the last transaction would show. */
const RECEIPTS_BEFORE_KILL = 10;

/** Until something holds; an error with the last words of the stack when it never does. */
export async function demandWithin(checks, { stack, what, isDone, timeoutMs = TIMEOUT_MS }) {
  const seconds = await waitFor(isDone, timeoutMs);
  if (seconds === undefined)
    throw new Error(
      `${what}: not within ${timeoutMs / 1000} s\n${stack.compose('logs', '--tail=20')}`,
    );
  checks.check(true, `${what} (${seconds.toFixed(1)} s)`);
}

const acceptedCount = async (stack) =>
  (await readJson(`${stack.address('worker-cpu')}/status`)).accepted;

/** Receipts that the worker was told are accepted. */
function acknowledgedIds(stack) {
  const log = stack.compose('logs', '--no-color', 'worker-cpu');
  const lines = log.split('\n').filter((line) => line.includes('"message":"receipt accepted"'));
  return lines.map((line) => /"receiptId":"([0-9a-f]{64})"/.exec(line)?.[1]);
}

async function isKept(stack, receiptId) {
  try {
    const url = `${stack.address('verifier')}/v1/receipts/${receiptId}`;
    return (await readJson(url)).outcome === 'accepted';
  } catch (error) {
    console.log(`  ${error.message}`);
    return false;
  }
}

export async function checkReceipts(checks, stack) {
  await demandWithin(checks, {
    stack,
    what: 'receipts are accepted',
    isDone: async () => (await acceptedCount(stack)) >= RECEIPTS_BEFORE_KILL,
  });
}

/** @param killed - The service that is killed; the verifier answers again once it is back. */
export async function checkKill(checks, stack, killed) {
  stack.compose('kill', '-s', 'SIGKILL', killed);
  const countBefore = await acceptedCount(stack);
  const ids = acknowledgedIds(stack);
  checks.check(
    ids.length >= RECEIPTS_BEFORE_KILL && !ids.includes(undefined),
    `${killed} killed after ${ids.length} receipts were acknowledged`,
  );
  stack.compose('up', '--detach', killed);
  await demandWithin(checks, {
    stack,
    what: 'the verifier is ready again',
    isDone: () => readJson(`${stack.address('verifier')}/ready`),
  });
  let keptCount = 0;
  for (const id of ids) keptCount += Number(await isKept(stack, id));
  checks.check(keptCount === ids.length, `${keptCount} of them are in the ledger, none is missing`);
  await demandWithin(checks, {
    stack,
    what: 'the worker resumes',
    isDone: async () => (await acceptedCount(stack)) >= countBefore + RECEIPTS_BEFORE_KILL,
  });
}
