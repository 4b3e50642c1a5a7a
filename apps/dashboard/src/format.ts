/** What stands where the verifier gave no value. */
export const NO_VALUE = '—';

const SI_STEPS = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] as const;
const grouped = new Intl.NumberFormat('en-GB');

/** Three significant digits and an SI prefix: `12.3`, `T`. */
function toSi(value: number): { digits: string; prefix: string } {
  let step = 0;
  let scaled = value;
  // 999.5 already rounds to four digits.
  while (scaled >= 999.5 && step < SI_STEPS.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const decimals =
    step === 0 && Number.isInteger(scaled) ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return { digits: scaled.toFixed(decimals), prefix: SI_STEPS[step] ?? '' };
}

/**
 * A count of operations.
 *
 * @param creditedOps - decimal string, as in the API; it may pass 2^53
 * @returns `12.3 T ops`, or {@link NO_VALUE} for anything that is no decimal string
 */
export function formatOps(creditedOps: string): string {
  if (!/^\d{1,40}$/.test(creditedOps)) return NO_VALUE;
  const { digits, prefix } = toSi(Number(creditedOps));
  return `${digits} ${prefix}${prefix === '' ? '' : ' '}ops`;
}

/**
 * A rate.
 *
 * @param tops - 10^12 operations a second
 * @returns `12.3 TOPS`, `42.1 GOPS`
 */
export function formatTops(tops: number): string {
  if (!Number.isFinite(tops) || tops < 0) return NO_VALUE;
  if (tops === 0) return '0 TOPS';
  const { digits, prefix } = toSi(tops * 1e12);
  return `${digits} ${prefix}OPS`;
}

/** `16,384` */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? grouped.format(count) : NO_VALUE;
}

/** A decimal string of any size with thousands separated. */
export function formatDecimal(decimal: string): string {
  return /^\d{1,40}$/.test(decimal) ? grouped.format(BigInt(decimal)) : NO_VALUE;
}

/** How long ago: `now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function formatAge(ageMs: number): string {
  if (!Number.isFinite(ageMs)) return NO_VALUE;
  const seconds = Math.floor(ageMs / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Time left: `0:07`, `1:05`, `2:00:00`; never below zero. */
export function formatCountdown(leftMs: number): string {
  if (!Number.isFinite(leftMs)) return NO_VALUE;
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${pad(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}

/** `2026-11-23 13:45:07 UTC` */
export function formatTime(unixMs: number): string {
  // Beyond this a Date is invalid and toISOString throws.
  if (!Number.isFinite(unixMs) || Math.abs(unixMs) > 8.64e15) return NO_VALUE;
  return `${new Date(unixMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** First and last characters of an identifier; the whole of it when that is not longer. */
export function shorten(text: string, options: { head: number; tail: number }): string {
  if (text.length <= options.head + options.tail + 1) return text;
  return `${text.slice(0, options.head)}…${text.slice(-options.tail)}`;
}

/** `z6MkiTBz…ooWp`: what follows `did:key:`, shortened. */
export function shortDid(did: string): string {
  return shorten(did.replace(/^did:key:/, ''), { head: 8, tail: 4 });
}

/** `0a1b2c3d…90ef` */
export function shortHex(hex: string): string {
  return shorten(hex, { head: 8, tail: 4 });
}
