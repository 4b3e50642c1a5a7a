export interface BackoffOptions {
  /** Ceiling of the first wait; each further one doubles it. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: uniform in [0, min(max, base · 2^n)), so that a fleet which lost its verifier in
 * one instant does not come back in one (M. Brooker, AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
 */
export function fullJitterMs(
  options: BackoffOptions,
  failureCount: number,
  random: number,
): number {
  const doublings = Math.min(30, Math.max(0, failureCount));
  return Math.min(options.maxMs, options.baseMs * 2 ** doublings) * random;
}
