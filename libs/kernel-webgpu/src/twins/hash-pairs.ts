import { BLOCK_BYTES } from './leaf-chunks.ts';
import { compress } from './blake3.ts';

/**
 * One level of a tree, eight words a node; an unpaired last child moves up unchanged. The twin of shaders/hash-pairs.wgsl.
 *
 * @param key - eight words: the IV for the Merkle tree, the attempt key for a leaf's chunk tree
 */
export function hashPairs(key: Uint32Array, children: Uint32Array, flags: number): Uint32Array {
  const parents = new Uint32Array(Math.ceil(children.length / 16) * 8);
  for (let at = 0; at < children.length; at += 16) {
    const block = children.slice(at, at + 16);
    const parent =
      block.length === 8
        ? block
        : compress({ chain: key, block, counter: 0, blockBytes: BLOCK_BYTES, flags });
    parents.set(parent.subarray(0, 8), at / 2);
  }
  return parents;
}
