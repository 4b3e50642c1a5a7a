import { describe, expect, it } from '@jest/globals';
import { OpenChallenges } from './open-challenges.ts';

const hold = (open: OpenChallenges, receiptId: string, address: string, endsMs = 100) =>
  open.hold({ receiptId, address, endsMs });

describe('OpenChallenges', () => {
  it('caps one address and leaves the others alone', () => {
    const open = new OpenChallenges({ maxPerAddress: 2, maxTotal: 10 });
    expect(hold(open, 'r1', 'a')).toBe(true);
    expect(hold(open, 'r2', 'a')).toBe(true);
    expect(hold(open, 'r3', 'a')).toBe(false);
    expect(hold(open, 'r3', 'b')).toBe(true);
    open.release('r1');
    expect(hold(open, 'r4', 'a')).toBe(true);
  });

  it('counts a receipt once, whoever repeats it', () => {
    const open = new OpenChallenges({ maxPerAddress: 1, maxTotal: 10 });
    expect(hold(open, 'r1', 'a')).toBe(true);
    expect(hold(open, 'r1', 'a')).toBe(true);
    expect(hold(open, 'r1', 'b')).toBe(true);
    expect(open.countOf('a')).toBe(1);
    expect(open.countOf('b')).toBe(0);
  });

  it('ends entries after their deadline and bounds the total', () => {
    const open = new OpenChallenges({ maxPerAddress: 5, maxTotal: 2 });
    hold(open, 'r1', 'a', 100);
    hold(open, 'r2', 'b', 200);
    expect(hold(open, 'r3', 'c')).toBe(false);
    open.releaseEnded(100);
    expect(open.size).toBe(2);
    open.releaseEnded(101);
    expect(open.size).toBe(1);
    expect(open.countOf('a')).toBe(0);
    expect(hold(open, 'r3', 'c')).toBe(true);
  });
});
