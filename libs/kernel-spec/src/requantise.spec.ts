import { describe, expect, it } from '@jest/globals';
import { layer1Shift, layer2Shift, requantise } from './requantise.ts';

describe('shifts', () => {
  // docs/protocol.md: shift1(k) = 7 + e(k), shift2(n) = 6 + e(n), 4^e(x) >= x.
  it.each([
    { x: 64, e: 3 },
    { x: 128, e: 4 },
    { x: 256, e: 4 },
    { x: 320, e: 5 },
    { x: 1024, e: 5 },
    { x: 1088, e: 6 },
    { x: 4096, e: 6 },
    { x: 16_384, e: 7 },
  ])('of $x follow e = $e', ({ x, e }) => {
    expect(layer1Shift(x)).toBe(7 + e);
    expect(layer2Shift(x)).toBe(6 + e);
  });
});

describe('requantise', () => {
  it.each([
    { acc: 0, expected: 0 },
    { acc: 1023, expected: 0 },
    { acc: 1024, expected: 1 },
    { acc: -1, expected: 0 },
    { acc: 127 * 1024 + 1023, expected: 127 },
    { acc: 128 * 1024, expected: 127 },
    { acc: 2 ** 31 - 1, expected: 127 },
    { acc: -(2 ** 31), expected: 0 },
  ])('floors and clamps $acc >> 10 to $expected', ({ acc, expected }) => {
    expect(requantise(acc, 10)).toBe(expected);
  });
});
