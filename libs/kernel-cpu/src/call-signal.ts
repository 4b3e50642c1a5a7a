import { setMaxListeners } from 'node:events';

/**
 * Runs one call with a signal of its own that follows the caller's: whatever the call splits into may listen to it, while
 * the caller's signal gets one listener, which goes with the call. A signal often outlives many calls (a process's
 * shutdown), and listeners left on it are memory never given back.
 *
 * @param signal - not aborted yet
 */
export async function withCallSignal<T>(
  signal: AbortSignal | undefined,
  run: (callSignal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!signal) return run(undefined);
  const call = new AbortController();
  // Before Node.js 22 eleven listeners on a signal count as a leak; a call has as many as it has pieces.
  setMaxListeners(0, call.signal);
  const onAbort = (): void => {
    call.abort(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await run(call.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
