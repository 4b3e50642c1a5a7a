import { describe, expect, it } from '@jest/globals';
import { Arena } from './arena.ts';

const page = 65_536;

describe('Arena', () => {
  it('hands out ranges that do not overlap and grows its memory for them', () => {
    const arena = new Arena();
    const first = arena.allocate(3 * page, 10 * page);
    const second = arena.allocate(4 * page, 10 * page);
    expect(first).toBeGreaterThan(0);
    expect(second).toBe((first ?? 0) + 3 * page);
    expect(arena.memory.buffer.byteLength).toBeGreaterThanOrEqual((second ?? 0) + 4 * page);
  });

  it('refuses what goes past the limit and fills the gap a released range leaves', () => {
    const arena = new Arena();
    const first = arena.allocate(4 * page, 10 * page) ?? 0;
    arena.allocate(4 * page, 10 * page);
    expect(arena.allocate(4 * page, 10 * page)).toBeUndefined();
    arena.release(first);
    expect(arena.allocate(5 * page, 10 * page)).toBeUndefined();
    expect(arena.allocate(4 * page, 10 * page)).toBe(first);
  });

  it('never goes past 4 GiB, whatever the limit', () => {
    expect(new Arena().allocate(2 ** 32, 2 ** 40)).toBeUndefined();
  });

  it('is empty again when everything is released', () => {
    const arena = new Arena();
    const address = arena.allocate(page, page) ?? 0;
    expect(arena.isEmpty).toBe(false);
    arena.release(address);
    expect(arena.isEmpty).toBe(true);
  });
});
