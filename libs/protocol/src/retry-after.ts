/** A longer wait than this is not obeyed: the header of a broken proxy must not stop a worker for good. */
const maxWaitMs = 3_600_000;

/**
 * Retry-After (RFC 9110 §10.2.3) in milliseconds from now: delay-seconds or an HTTP-date, capped at one hour.
 *
 * @param header - untrusted; undefined comes back for an absent or malformed one.
 * @param nowMs - unix milliseconds, for the date form.
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^[0-9]{1,10}$/.test(text)) return Math.min(Number(text) * 1000, maxWaitMs);
  // Date.parse takes far more than HTTP-dates (even "2"); all three forms a server may send begin with a day's name.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text)) return undefined;
  const waitMs = Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), maxWaitMs);
}
