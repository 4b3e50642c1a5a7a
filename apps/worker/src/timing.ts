import { setTimeout as delay } from 'node:timers/promises';

/** The outside world's time and chance, in one place so that specs can replace it. */
export interface Timing {
  /** Milliseconds that only go forward: every duration and wait is measured with it, so a stepped wall clock cannot stall the worker. */
  readonly monotonicMs: () => number;
  /** The wall clock, unix milliseconds: shown and logged, and the first guess of the verifier's clock. */
  readonly unixMs: () => number;
  /** Resolves after `durationMs`; rejects with an AbortError as soon as the signal aborts. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1); spreads retries of a fleet, nothing secret comes from it. */
  readonly random: () => number;
}

export const systemTiming: Timing = {
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
  sleep: async (durationMs, signal) => {
    await delay(Math.max(0, durationMs), undefined, signal === undefined ? {} : { signal });
  },
  random: () => Math.random(),
};

/** True for the rejection of an aborted wait, fetch or kernel call. */
export function isAbortError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'AbortError' || code === 'aborted' || code === 'ABORT_ERR';
}

/**
 * Waits for `promise` or for the signal, whichever comes first. The promise itself goes on; its late rejection is
 * handled here so that it cannot become an unhandled one.
 *
 * @throws the signal's reason once it aborts.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    promise.catch(() => undefined);
  }
}
