import { describe, expect, it } from '@jest/globals';
import { NonceSource, randomNonce } from './nonce-source.ts';

describe('NonceSource', () => {
  it('counts up from where it starts and wraps at 2^53', () => {
    const last = 2 ** 53 - 1;
    const nonces = new NonceSource(() => last - 1);
    expect([nonces.next(), nonces.next(), nonces.next()]).toEqual([last - 1, last, 0]);
  });

  it('starts again elsewhere when told to', () => {
    const starts = [10, 500];
    const nonces = new NonceSource(() => starts.shift() ?? -1);
    expect([nonces.next(), nonces.next()]).toEqual([10, 11]);
    nonces.restart();
    expect([nonces.next(), nonces.next()]).toEqual([500, 501]);
  });

  it('keeps a thousand processes with one key apart', () => {
    const attemptsEach = 200;
    const used = new Set<number>();
    for (let process = 0; process < 1000; process++) {
      const nonces = new NonceSource();
      for (let attempt = 0; attempt < attemptsEach; attempt++) used.add(nonces.next());
    }
    expect(used.size).toBe(1000 * attemptsEach);
  });

  it('draws from the whole range of a JSON integer', () => {
    const draws = Array.from({ length: 1000 }, randomNonce);
    for (const nonce of draws) {
      expect(Number.isSafeInteger(nonce)).toBe(true);
      expect(nonce).toBeGreaterThanOrEqual(0);
    }
    // A uniform draw stays below 2^52 a thousand times with probability 2^-1000.
    expect(Math.max(...draws)).toBeGreaterThan(2 ** 52);
  });
});
