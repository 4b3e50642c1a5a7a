// libs/testing/vectors/protocol-vectors.json: the protocol's own vectors.
import { describe, expect, it } from '@jest/globals';
import { bytesToHex, foldMultiproof, hexToBytes, workTreeHasher } from '../../src/index.ts';
import { protocolVectors } from '@tops/testing';

describe.each(protocolVectors)('protocol vector $name', (vector) => {
  const input = {
    leafCount: vector.sizes.m,
    rows: vector.rows,
    leaves: hexToBytes(vector.leaves_hex),
    siblings: hexToBytes(vector.siblings_hex),
  };

  it('folds to work_root', () => {
    const root = foldMultiproof(input, workTreeHasher);
    expect(root && bytesToHex(root)).toBe(vector.work_root_hex);
  });

  it('does not with two leaves swapped', () => {
    const swapped = Uint8Array.from(input.leaves);
    swapped.copyWithin(0, 32, 64);
    swapped.set(input.leaves.subarray(0, 32), 32);
    const root = foldMultiproof({ ...input, leaves: swapped }, workTreeHasher);
    expect(root && bytesToHex(root)).not.toBe(vector.work_root_hex);
    expect(root).toHaveLength(32);
  });
});
