import { isIPv4, isIPv6 } from 'node:net';

/**
 * The name under which one network address is counted: an IPv4 address whole, an IPv6 address by its /64 (the smallest
 * block a subscriber gets, so one machine cannot be 2^64 clients), anything else together as `unknown`.
 *
 * @param remoteAddress - attacker-controlled when a trusted proxy passes X-Forwarded-For on.
 */
export function addressKey(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? '').split('%', 1)[0] ?? '';
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return 'unknown';
  const groups = expandGroups(address);
  const mapped = embeddedIPv4(groups);
  return mapped ?? `${groups.slice(0, 4).join(':')}::/64`;
}

/** The eight groups of an IPv6 address, lower-case hex without leading zeros (RFC 4291 §2.2). */
function expandGroups(address: string): string[] {
  const [head = '', tail] = toHexGroups(address).split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: zeros }, () => '0'), ...right].map((group) =>
    Number.parseInt(group, 16).toString(16),
  );
}

/** Rewrites a dotted-quad tail (`::ffff:192.0.2.1`) as two hex groups. */
function toHexGroups(address: string): string {
  const quad = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (quad === null) return address;
  const [a = 0, b = 0, c = 0, d = 0] = quad.slice(1).map(Number);
  const groups = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  return address.slice(0, quad.index) + groups;
}

/** The IPv4 address inside ::ffff:0:0/96, which is how a dual-stack socket names IPv4 clients. */
function embeddedIPv4(groups: readonly string[]): string | undefined {
  if (groups.slice(0, 5).some((group) => group !== '0') || groups[5] !== 'ffff') return undefined;
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
