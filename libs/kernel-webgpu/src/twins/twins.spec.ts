import { describe, expect, it } from '@jest/globals';
import { workTreeHasher } from '@tops/crypto';
import { leafHash } from '@tops/kernel-spec';
import { seededBytes } from '@tops/testing';
import { CHUNK_END, CHUNK_START, IV, KEYED_HASH, PARENT, ROOT, wordsOf } from './blake3.ts';
import { hashPairs } from './hash-pairs.ts';
import { leafChunks } from './leaf-chunks.ts';

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.slice().buffer);

describe('twins of the hashing shaders', () => {
  // The block-wise twins against a whole-message BLAKE3.
  it.each([64, 1024, 2048, 4096])('make the leaf of a row of %i bytes', (n) => {
    const key = seededBytes(1, 32);
    const row = seededBytes(2, n);
    let nodes = leafChunks(key, row, n);
    while (nodes.length > 8) {
      const root = nodes.length === 16 ? ROOT : 0;
      nodes = hashPairs(wordsOf(key), nodes, PARENT | KEYED_HASH | root);
    }
    expect(bytesOf(nodes)).toEqual(leafHash(key, row));
  });

  it('make a node of the Merkle tree', () => {
    const children = seededBytes(3, 64);
    const parent = hashPairs(IV, wordsOf(children), CHUNK_START | CHUNK_END | ROOT);
    expect(bytesOf(parent)).toEqual(
      workTreeHasher.hashChildren(children.subarray(0, 32), children.subarray(32)),
    );
  });
});
