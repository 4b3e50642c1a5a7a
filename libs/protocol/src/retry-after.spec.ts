import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter } from './retry-after.ts';

// RFC 9110 §5.6.7 gives this moment in the three forms of an HTTP-date.
const nowMs = Date.UTC(1994, 10, 6, 8, 49, 7);

describe('parseRetryAfter', () => {
  it.each<[string | null, number | undefined]>([
    [null, undefined],
    ['0', 0],
    ['120', 120_000],
    [' 3 ', 3000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
    ['99999', 3_600_000],
    ['Sun, 06 Nov 2094 08:49:37 GMT', 3_600_000],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['Sun, 99 Foo 1994', undefined],
    ['12345678901', undefined],
  ])('reads %j as %p', (header, expected) => {
    expect(parseRetryAfter(header, nowMs)).toBe(expected);
  });
});
