import { describe, expect, it } from '@jest/globals';
import { keyPairFromSeed } from './ed25519.ts';
import { importPublicKey, KeyObjectCache } from './key-object-cache.ts';

const keys = [1, 2, 3].map((fill) => keyPairFromSeed(new Uint8Array(32).fill(fill)).publicKey);
const [first, second, third] = keys as [Uint8Array, Uint8Array, Uint8Array];

describe('KeyObjectCache', () => {
  it('drops the least recently used key at its bound', () => {
    const cache = new KeyObjectCache({ capacity: 2 });
    cache.set(first, importPublicKey(first));
    cache.set(second, importPublicKey(second));
    expect(cache.get(first)).toBeDefined();
    cache.set(third, importPublicKey(third));
    expect(cache.size).toBe(2);
    expect(cache.get(second)).toBeUndefined();
    expect(cache.get(first)).toBeDefined();
    expect(cache.get(third)).toBeDefined();
  });

  it('does not grow when a key is set again', () => {
    const cache = new KeyObjectCache({ capacity: 2 });
    cache.set(first, importPublicKey(first));
    cache.set(first, importPublicKey(first));
    expect(cache.size).toBe(1);
  });

  it('finds a key by its bytes, wherever they lie', () => {
    const cache = new KeyObjectCache({ capacity: 2 });
    cache.set(first, importPublicKey(first));
    const padded = new Uint8Array(40);
    padded.set(first, 8);
    expect(cache.get(padded.subarray(8))).toBeDefined();
  });
});
