import { hashPair } from './blake3-chunk.ts';
import { blake3 } from './blake3.ts';
import { concatBytes } from './bytes.ts';
import { CryptoError } from './crypto-error.ts';

/** Bytes of a leaf and of every node. */
export const HASH_BYTES = 32;

/**
 * What a tree hashes with; the shape is always that of RFC 9162 §2.1.1. `hashChildren` keeps no reference to its
 * arguments.
 */
export interface TreeHasher {
  hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** Root over no leaves at all. */
  readonly emptyRoot: Uint8Array;
}

const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = Uint8Array.of(0x01);
const emptyHash = blake3(new Uint8Array(0));

/**
 * Tree over the rows of an attempt: node = BLAKE3(left ‖ right). Leaves are keyed hashes, so they need no prefix to be
 * told from nodes; the number of leaves is signed as part of the shape.
 */
export const workTreeHasher: TreeHasher = {
  hashChildren: hashPair,
  emptyRoot: emptyHash,
};

/** Tree over an epoch's ledger entries: 0x00 and 0x01 prefixes as in RFC 9162 §2.1.1, with BLAKE3. */
export const ledgerTreeHasher: TreeHasher & { hashLeaf(entry: Uint8Array): Uint8Array } = {
  hashLeaf: (entry) => blake3(concatBytes(LEAF_PREFIX, entry)),
  hashChildren: (left, right) => blake3(concatBytes(NODE_PREFIX, left, right)),
  emptyRoot: emptyHash,
};

/**
 * Node counts from the leaves up to the root: `[leafCount, ceil(leafCount / 2), …, 1]`; no level at all for no leaf.
 *
 * @throws CryptoError `leaf_count_invalid` unless a non-negative safe integer
 */
export function treeLevelSizes(leafCount: number): number[] {
  if (!Number.isSafeInteger(leafCount) || leafCount < 0) {
    throw new CryptoError('leaf_count_invalid', 'leafCount: expected a non-negative integer');
  }
  if (leafCount === 0) return [];
  const sizes = [leafCount];
  for (let size = leafCount; size > 1;) {
    size = Math.ceil(size / 2);
    sizes.push(size);
  }
  return sizes;
}

/**
 * Root over leaf hashes, level by level: pairs left to right, an unpaired last node moves up unchanged. The same tree
 * as the recursive split of RFC 9162 §2.1.1.
 */
export function merkleRoot(leaves: readonly Uint8Array[], hasher: TreeHasher): Uint8Array {
  let level: readonly Uint8Array[] = leaves;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      const right = level[i + 1];
      next.push(right === undefined ? left : hasher.hashChildren(left, right));
    }
    level = next;
  }
  return level[0]?.slice() ?? hasher.emptyRoot.slice();
}
