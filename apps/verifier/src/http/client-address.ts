import type { IncomingMessage } from 'node:http';

/**
 * The address a request came from, as Express's `request.ip` under a number of trusted hops: that of the connection, or of the
 * X-Forwarded-For entry so many places before it, the farthest one when there are fewer.
 */
export function clientAddress(request: IncomingMessage, trustedHops: number): string | undefined {
  const { remoteAddress } = request.socket;
  const header = request.headers['x-forwarded-for'];
  if (trustedHops === 0 || typeof header !== 'string') return remoteAddress;
  const forwarded = header.split(',').map((entry) => entry.replace(/^ +| +$/g, ''));
  const fromNearest = [remoteAddress, ...forwarded.reverse().filter((entry) => entry !== '')];
  return fromNearest[Math.min(trustedHops, fromNearest.length - 1)];
}
