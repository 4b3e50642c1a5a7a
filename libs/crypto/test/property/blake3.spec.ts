// The short way of blake3.ts against @noble/hashes, an independent implementation: every length of a chunk, every mode.
import { describe, expect, it } from '@jest/globals';
import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import {
  blake3,
  blake3DeriveKey,
  blake3Keyed,
  bytesToHex,
  concatBytes,
  workTreeHasher,
} from '../../src/index.ts';

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Past one chunk too, where the other implementation takes over. */
const messages = fc.uint8Array({ maxLength: 1100 });

describe('blake3 against @noble/hashes', () => {
  it('hashes messages of every length up to past a chunk', () => {
    for (let length = 0; length <= 1030; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);
      expect(bytesToHex(blake3(message))).toBe(bytesToHex(nobleBlake3(message)));
    }
  });

  it('gives the same in every mode, wherever the bytes lie', () => {
    fc.assert(
      fc.property(
        messages,
        key32,
        fc.string(),
        fc.nat({ max: 7 }),
        (bytes, key, context, shift) => {
          const padded = new Uint8Array(bytes.length + shift);
          padded.set(bytes, shift);
          const message = padded.subarray(shift);
          expect(blake3(message)).toEqual(nobleBlake3(message));
          expect(blake3Keyed(key, message)).toEqual(nobleBlake3(message, { key }));
          const contextBytes = new TextEncoder().encode(context);
          expect(blake3DeriveKey(context, message)).toEqual(
            nobleBlake3(message, { context: contextBytes }),
          );
        },
      ),
      fcParameters(300),
    );
  });

  it('joins two nodes as it hashes their bytes, and gives nothing it writes to again', () => {
    fc.assert(
      fc.property(key32, key32, (left, right) => {
        const node = workTreeHasher.hashChildren(left, right);
        const copy = node.slice();
        const other = workTreeHasher.hashChildren(right, left);
        expect(node).toEqual(copy);
        expect(node).toEqual(nobleBlake3(concatBytes(left, right)));
        expect(other).toEqual(nobleBlake3(concatBytes(right, left)));
      }),
      fcParameters(300),
    );
  });
});
