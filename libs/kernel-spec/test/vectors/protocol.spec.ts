// Origin: libs/testing/vectors/protocol-vectors.json, the protocol's own vectors (docs/protocol.md).
import { describe, expect, it } from '@jest/globals';
import { bytesToHex, hexToBytes } from '@tops/crypto';
import { protocolVectors } from '@tops/testing';
import { deriveAttemptKey, streamRow } from '../../src/index.ts';

describe.each(protocolVectors)('protocol vector $name', (vector) => {
  const input = {
    prevHash: hexToBytes(vector.prev_hash_hex),
    publicKey: hexToBytes(vector.public_key_hex),
    nonce: vector.nonce,
    shape: vector.sizes,
  };

  it('derives the attempt key', () => {
    expect(bytesToHex(deriveAttemptKey(input))).toBe(vector.attempt_key_hex);
  });

  it('derives another key when any single field differs', () => {
    const { m, n, k } = vector.sizes;
    const keys = [
      input,
      { ...input, prevHash: input.prevHash.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) },
      { ...input, publicKey: input.publicKey.map((byte, i) => (i === 31 ? byte ^ 1 : byte)) },
      { ...input, nonce: vector.nonce + 2 ** 32 },
      { ...input, shape: { m: m + 64, n, k } },
      { ...input, shape: { m, n: n + 64, k } },
      { ...input, shape: { m, n, k: k + 64 } },
    ].map((variant) => bytesToHex(deriveAttemptKey(variant)));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('streams the first operands of row 0', () => {
    const row = streamRow(hexToBytes(vector.attempt_key_hex), 0, 16);
    expect([...row]).toEqual(vector.a_row0_first16);
  });

  it('streams a longer row that begins with a shorter one', () => {
    const key = hexToBytes(vector.attempt_key_hex);
    const long = streamRow(key, 3, 256);
    expect(long.slice(0, 64)).toEqual(streamRow(key, 3, 64));
    expect(long.slice(0, 64)).not.toEqual(streamRow(key, 4, 64));
  });
});

describe('deriveAttemptKey', () => {
  const input = {
    prevHash: new Uint8Array(32),
    publicKey: new Uint8Array(32),
    nonce: 2 ** 53 - 1,
    shape: { m: 64, n: 64, k: 64 },
  };

  it('takes the largest nonce and refuses the next one, and hashes of other lengths', () => {
    expect(deriveAttemptKey(input)).toHaveLength(32);
    expect(() => deriveAttemptKey({ ...input, nonce: 2 ** 53 })).toThrow(RangeError);
    expect(() => deriveAttemptKey({ ...input, nonce: -1 })).toThrow(RangeError);
    expect(() => deriveAttemptKey({ ...input, prevHash: new Uint8Array(31) })).toThrow(RangeError);
    expect(() => deriveAttemptKey({ ...input, publicKey: new Uint8Array(33) })).toThrow(RangeError);
  });
});
