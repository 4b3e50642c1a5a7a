import { describe, expect, it } from '@jest/globals';
import { BoundedRateLimiter } from './bounded-rate-limiter.ts';

const options = { points: 2, windowMs: 60_000, maxKeys: 2 };
const clock = { nowMs: () => 1_000 };

describe('BoundedRateLimiter', () => {
  it('lets the points of a window pass and then says how long to wait', async () => {
    const limiter = new BoundedRateLimiter(options, clock);
    expect(await limiter.take('a')).toBe(0);
    expect(await limiter.take('a')).toBe(0);
    const waitMs = await limiter.take('a');
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await limiter.take('b')).toBe(0);
  });

  it('peeks without charging', async () => {
    const limiter = new BoundedRateLimiter(options, clock);
    for (let i = 0; i < 5; i++) expect(await limiter.peek('a')).toBe(0);
    await limiter.take('a');
    await limiter.take('a');
    expect(await limiter.peek('a')).toBeGreaterThan(0);
    expect(await limiter.peek('b')).toBe(0);
  });

  it('tells whether a key was charged', async () => {
    const limiter = new BoundedRateLimiter(options, clock);
    expect(await limiter.isUnused('a')).toBe(true);
    await limiter.take('a');
    expect([await limiter.isUnused('a'), await limiter.isUnused('b')]).toEqual([false, true]);
  });

  it('remembers nothing of a key that it only peeked at', async () => {
    const limiter = new BoundedRateLimiter(options, clock);
    for (const key of ['x', 'y', 'z']) await limiter.peek(key);
    // Had they taken the two places, these would share one bucket of two points.
    for (const key of ['a', 'a', 'b', 'b']) expect(await limiter.take(key)).toBe(0);
  });

  it('gives keys beyond the bound one shared bucket, and known keys their own', async () => {
    const limiter = new BoundedRateLimiter(options, clock);
    await limiter.take('a');
    await limiter.take('b');
    expect(await limiter.take('c')).toBe(0);
    expect(await limiter.take('d')).toBe(0);
    expect(await limiter.take('e')).toBeGreaterThan(0);
    expect(await limiter.take('a')).toBe(0);
  });
});
