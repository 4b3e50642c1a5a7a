// The official vectors: see `origin` in blake3-vectors.json. The lengths straddle one block (64) and one, two, three
// and six chunks (1024).
import { describe, expect, it } from '@jest/globals';
import {
  blake3,
  blake3DeriveKey,
  blake3Keyed,
  blake3KeyedXof,
  bytesToHex,
} from '../../src/index.ts';
import vectors from './blake3-vectors.json' with { type: 'json' };

const key = new TextEncoder().encode(vectors.key);
const inputOf = (lengthBytes: number): Uint8Array =>
  Uint8Array.from({ length: lengthBytes }, (_, i) => i % 251);

describe('official BLAKE3 vectors', () => {
  it.each(vectors.cases)('hash, $input_len bytes', ({ input_len, hash }) => {
    expect(bytesToHex(blake3(inputOf(input_len)))).toBe(hash.slice(0, 64));
  });

  it.each(vectors.cases)('keyed_hash, $input_len bytes', ({ input_len, keyed_hash }) => {
    expect(bytesToHex(blake3Keyed(key, inputOf(input_len)))).toBe(keyed_hash.slice(0, 64));
  });

  it.each(vectors.cases)('derive_key, $input_len bytes', ({ input_len, derive_key }) => {
    const derived = blake3DeriveKey(vectors.context_string, inputOf(input_len));
    expect(bytesToHex(derived)).toBe(derive_key.slice(0, 64));
  });

  it.each(vectors.cases)('keyed_hash extended output, $input_len bytes', (vector) => {
    const lengthBytes = vector.keyed_hash.length / 2;
    const output = blake3KeyedXof({ key, message: inputOf(vector.input_len), lengthBytes });
    expect(bytesToHex(output)).toBe(vector.keyed_hash);
  });

  it('holds extended outputs past the second block, so that the counter is exercised', () => {
    const long = vectors.cases.filter((vector) => vector.keyed_hash.length === 262);
    expect(long.map((vector) => vector.input_len)).toEqual([0, 1, 64, 1025]);
  });
});
