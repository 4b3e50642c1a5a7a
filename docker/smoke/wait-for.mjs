// Waiting with a bound: a smoke test that hangs tells nothing.
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 250;
const REQUEST_TIMEOUT_MS = 3000;

/** Until `isDone` holds; an error counts as not yet. @returns seconds it took, or undefined when it never did. */
export async function waitFor(isDone, timeoutMs) {
  const begin = performance.now();
  for (;;) {
    if (await attempt(isDone)) return (performance.now() - begin) / 1000;
    if (performance.now() - begin > timeoutMs) return undefined;
    await sleep(POLL_MS);
  }
}

async function attempt(isDone) {
  try {
    return await isDone();
  } catch {
    return false;
  }
}

/** The JSON behind an address. A timer of ours bounds it: the one of AbortSignal.timeout does not keep the process alive. */
export async function readJson(url, headers = {}) {
  const abort = new AbortController();
  const late = sleep(REQUEST_TIMEOUT_MS, undefined, { signal: abort.signal }).then(() => {
    throw new Error(`expected an answer of ${url} within ${REQUEST_TIMEOUT_MS} ms, got none`);
  });
  try {
    return await Promise.race([readBody(url, { headers, signal: abort.signal }), late]);
  } finally {
    late.catch(() => {});
    abort.abort();
  }
}

async function readBody(url, { headers, signal }) {
  // Services go away and come back: a connection kept alive would be one to the old one.
  const response = await fetch(url, { signal, headers: { connection: 'close', ...headers } });
  if (!response.ok) throw new Error(`expected 200 of ${url}, got ${response.status}`);
  return response.json();
}
