import { describe, expect, it } from '@jest/globals';
import {
  base64ToBytes,
  bytesToBase64,
  bytesToHex,
  concatBytes,
  equalConstantTime,
  hexToBytes,
  isHex,
  u32le,
  u64le,
} from './bytes.ts';

describe('hex', () => {
  it('reads lower case and refuses upper case, odd lengths and anything else', () => {
    expect([...hexToBytes('00ff7a')]).toEqual([0, 255, 122]);
    for (const text of ['00FF', '0', '0x00', 'zz', ' 00', '00\n']) {
      expect(() => hexToBytes(text)).toThrow(expect.objectContaining({ code: 'hex_malformed' }));
    }
  });

  it('writes a view’s own bytes, not those of the buffer behind it', () => {
    expect(bytesToHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe('0203');
    expect(bytesToBase64(Uint8Array.of(1, 2, 3, 4).subarray(1, 4))).toBe('AgME');
  });

  it('isHex wants the exact length', () => {
    expect(isHex('0a0b', 2)).toBe(true);
    expect(isHex('0a0b', 1)).toBe(false);
    expect(isHex('0A0b', 2)).toBe(false);
    expect(isHex('0a0b\n', 2)).toBe(false);
  });
});

describe('base64', () => {
  // RFC 4648 §10.
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('RFC 4648 §10: %j', (plain, encoded) => {
    expect(bytesToBase64(new TextEncoder().encode(plain))).toBe(encoded);
    expect(new TextDecoder().decode(base64ToBytes(encoded))).toBe(plain);
  });

  it('reads and refuses megabytes without overflowing a stack', () => {
    const encoded = 'QUJD'.repeat(2_000_000);
    expect(base64ToBytes(encoded)).toHaveLength(6_000_000);
    expect(() => base64ToBytes(`${encoded}!AAA`)).toThrow(
      expect.objectContaining({ code: 'base64_malformed' }),
    );
  });

  it.each([
    ['unpadded', 'Zg'],
    ['stray bits in two letters', 'Zh=='],
    ['stray bits in three letters', 'Zm9='],
    ['stray bits after whole groups', 'Zm9vZm9='],
    ['url alphabet', '__-_'],
    ['white space', 'Zm9v\n'],
    ['padding inside', 'Zg==Zg=='],
    ['padding alone', '===='],
  ])('refuses %s', (_name, text) => {
    expect(() => base64ToBytes(text)).toThrow(
      expect.objectContaining({ code: 'base64_malformed' }),
    );
  });
});

describe('little-endian integers', () => {
  it('writes the low byte first, up to the whole range', () => {
    expect([...u32le(0x01020304)]).toEqual([4, 3, 2, 1]);
    expect([...u32le(0xffff_ffff)]).toEqual([255, 255, 255, 255]);
    expect([...u64le(2 ** 53 - 1)]).toEqual([255, 255, 255, 255, 255, 255, 31, 0]);
    expect([...u64le(2n ** 64n - 1n)]).toEqual(Array(8).fill(255));
    expect([...u64le(258)]).toEqual([...u64le(258n)]);
  });

  it('refuses what it cannot write exactly', () => {
    const outOfRange = expect.objectContaining({ code: 'integer_out_of_range' });
    for (const value of [-1, 1.5, 2 ** 32, NaN]) expect(() => u32le(value)).toThrow(outOfRange);
    for (const value of [-1, 1.5, 2 ** 53, NaN, -1n, 2n ** 64n]) {
      expect(() => u64le(value)).toThrow(outOfRange);
    }
  });
});

describe('equalConstantTime', () => {
  it('compares bytes, and lengths first', () => {
    expect(equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false);
    expect(equalConstantTime(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});

describe('concatBytes', () => {
  it('joins in order into a fresh array', () => {
    const part = Uint8Array.of(1, 2);
    const joined = concatBytes(part, new Uint8Array(0), Uint8Array.of(3));
    part[0] = 9;
    expect([...joined]).toEqual([1, 2, 3]);
  });
});
