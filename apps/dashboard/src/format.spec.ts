import { describe, expect, it } from '@jest/globals';
import {
  formatAge,
  formatCount,
  formatCountdown,
  formatDecimal,
  formatOps,
  formatTime,
  formatTops,
  NO_VALUE,
  shortDid,
  shortHex,
} from './format.ts';

describe('formatOps', () => {
  it.each([
    ['0', '0 ops'],
    ['999', '999 ops'],
    ['1000', '1.00 k ops'],
    ['68719476736', '68.7 G ops'],
    ['999499999999', '999 G ops'],
    ['999500000000', '1.00 T ops'],
    ['12345678901234', '12.3 T ops'],
    // 2^63 and beyond: past what a number holds exactly.
    ['9223372036854775808', '9.22 E ops'],
    ['184467440737095516160000000', '184 Y ops'],
  ])('%s reads %s', (creditedOps, shown) => {
    expect(formatOps(creditedOps)).toBe(shown);
  });

  it.each(['', '-1', '1e3', '0x10', ' 1', '1.5', 'NaN', '9'.repeat(41)])('refuses %j', (text) => {
    expect(formatOps(text)).toBe(NO_VALUE);
    expect(formatDecimal(text)).toBe(NO_VALUE);
  });
});

describe('formatTops', () => {
  it.each([
    [12.34, '12.3 TOPS'],
    [1, '1.00 TOPS'],
    [0.0421, '42.1 GOPS'],
    [0.00042, '420 MOPS'],
    [155.2, '155 TOPS'],
    [1234, '1.23 POPS'],
    [0, '0 TOPS'],
  ])('%d reads %s', (tops, shown) => {
    expect(formatTops(tops)).toBe(shown);
  });

  it.each([NaN, Infinity, -1])('refuses %d', (tops) => {
    expect(formatTops(tops)).toBe(NO_VALUE);
  });
});

describe('counts and decimals', () => {
  it('separates thousands, without rounding a large decimal', () => {
    expect(formatCount(16384)).toBe('16,384');
    expect(formatCount(NaN)).toBe(NO_VALUE);
    expect(formatDecimal('9223372036854775807')).toBe('9,223,372,036,854,775,807');
  });
});

describe('times', () => {
  it.each([
    [-5000, 'now'],
    [1999, 'now'],
    [2000, '2 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_600_000, '1 h ago'],
    [90_000_000, '1 d ago'],
  ])('an age of %d ms reads %s', (ageMs, shown) => {
    expect(formatAge(ageMs)).toBe(shown);
  });

  it.each([
    [-1, '0:00'],
    [1, '0:01'],
    [7000, '0:07'],
    [65_000, '1:05'],
    [7_200_000, '2:00:00'],
  ])('%d ms left read %s', (leftMs, shown) => {
    expect(formatCountdown(leftMs)).toBe(shown);
  });

  it('writes UTC, and nothing for a time no date can hold', () => {
    expect(formatTime(1_795_441_507_000)).toBe('2026-11-23 13:45:07 UTC');
    expect(formatTime(NaN)).toBe(NO_VALUE);
    expect(formatTime(1e300)).toBe(NO_VALUE);
    expect(formatAge(NaN)).toBe(NO_VALUE);
    expect(formatCountdown(NaN)).toBe(NO_VALUE);
  });
});

describe('identifiers', () => {
  it('keeps both ends', () => {
    expect(shortDid('did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp')).toBe(
      'z6MkiTBz…ooWp',
    );
    expect(shortHex('ab'.repeat(32))).toBe('abababab…abab');
  });

  it('leaves a short one alone', () => {
    expect(shortHex('abcd')).toBe('abcd');
    expect(shortDid('gpu-box')).toBe('gpu-box');
  });
});
