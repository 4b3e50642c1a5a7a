/** The receipts of a key that were recorded lately: how many since when. */
export interface RateWindow {
  /** Unix milliseconds, by the clock of whichever verifier opened the window. */
  readonly startedAtMs: number;
  readonly count: number;
}

/** What one more receipt of the key finds. */
export type RateVerdict =
  | { readonly kind: 'counted'; readonly window: RateWindow }
  | { readonly kind: 'limited'; readonly retryAfterMs: number };

const WINDOW_MS = 1_000;
/**
 * How far before a window's start a receipt may have arrived and still belong to it: two verifiers whose clocks are 2 s off
 * on either side, and a second for waiting. One that lies further back shows that a clock was wrong: the window begins anew,
 * so that nobody waits for a time that was never right.
 */
const SKEW_MS = 5_000;

/**
 * Counts a receipt against its key's limit, in windows of one second that only move forward. A verifier whose clock is behind
 * counts in the window that another one opened, rather than open an older one: of clocks that differ by s seconds a key
 * gains s windows once, not with every receipt, and is never told to wait for more than one second.
 *
 * @param window - as the last receipt left it; undefined for a key that has none.
 */
export function countReceipt(
  window: RateWindow | undefined,
  receipt: { readonly atMs: number; readonly maxPerSecond: number },
): RateVerdict {
  const { atMs, maxPerSecond } = receipt;
  const ageMs = window === undefined ? WINDOW_MS : atMs - window.startedAtMs;
  if (window === undefined || ageMs >= WINDOW_MS || ageMs < -SKEW_MS) {
    return { kind: 'counted', window: { startedAtMs: atMs, count: 1 } };
  }
  if (window.count < maxPerSecond) {
    return { kind: 'counted', window: { ...window, count: window.count + 1 } };
  }
  return { kind: 'limited', retryAfterMs: Math.min(WINDOW_MS - ageMs, WINDOW_MS) };
}
