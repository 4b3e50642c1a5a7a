import { describe, expect, it } from '@jest/globals';
import { blake3Keyed, blake3KeyedXof } from './blake3.ts';

const message = Uint8Array.of(1, 2, 3);
const key = new Uint8Array(32).fill(7);

describe('blake3 arguments', () => {
  it('refuses a key that has not 32 bytes', () => {
    const lengthInvalid = expect.objectContaining({ code: 'length_invalid' });
    for (const wrong of [new Uint8Array(31), new Uint8Array(33)]) {
      expect(() => blake3Keyed(wrong, message)).toThrow(lengthInvalid);
      expect(() => blake3KeyedXof({ key: wrong, message, lengthBytes: 1 })).toThrow(lengthInvalid);
    }
    expect(blake3Keyed(key, message)).toHaveLength(32);
  });

  it('refuses an output length that is no count and gives any other', () => {
    const lengthInvalid = expect.objectContaining({ code: 'length_invalid' });
    for (const lengthBytes of [-1, 0.5, NaN, 2 ** 53]) {
      expect(() => blake3KeyedXof({ key, message, lengthBytes })).toThrow(lengthInvalid);
    }
    expect(blake3KeyedXof({ key, message, lengthBytes: 0 })).toHaveLength(0);
    const long = blake3KeyedXof({ key, message, lengthBytes: 1000 });
    const short = blake3KeyedXof({ key, message, lengthBytes: 65 });
    expect([...long.subarray(0, 65)]).toEqual([...short]);
  });
});
