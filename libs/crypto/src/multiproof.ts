import { CryptoError } from './crypto-error.ts';
import { HASH_BYTES, treeLevelSizes, type TreeHasher } from './merkle.ts';

/**
 * A node of the tree. Level 0 holds the leaves; the node covers the leaves
 * `[index · 2^level, min((index + 1) · 2^level, leafCount))`.
 */
export interface NodePosition {
  readonly level: number;
  readonly index: number;
}

export interface MultiproofInput {
  readonly leafCount: number;
  /** Challenged leaves, ascending and distinct. */
  readonly rows: readonly number[];
  /** One 32-byte leaf hash for each row, in the order of `rows`, packed. */
  readonly leaves: Uint8Array;
  /** One 32-byte hash for each of {@link multiproofPositions}, packed. */
  readonly siblings: Uint8Array;
}

/**
 * Where the hashes that accompany the challenged leaves sit: the maximal subtrees without a challenged row, depth-first,
 * left to right. A subtree whose root was moved up unpaired is named at its highest level; the hash is the same at each.
 *
 * Cost: O(rows · log leafCount), whatever the leaf count.
 *
 * @throws CryptoError `leaf_count_invalid`, `rows_invalid` (no rows at all included: they would prove nothing)
 */
export function multiproofPositions(leafCount: number, rows: readonly number[]): NodePosition[] {
  const positions: NodePosition[] = [];
  walk(leafCount, rows, {
    challenged: () => undefined,
    sibling: (level, index) => {
      positions.push({ level, index });
    },
    join: () => undefined,
  });
  return positions;
}

/**
 * How many {@link multiproofPositions} there are, without making a list of them.
 *
 * @throws CryptoError `leaf_count_invalid`, `rows_invalid`
 */
export function multiproofSiblingCount(leafCount: number, rows: readonly number[]): number {
  let count = 0;
  walk(leafCount, rows, {
    challenged: () => undefined,
    sibling: () => {
      count++;
    },
    join: () => undefined,
  });
  return count;
}

/**
 * Folds challenged leaves and their siblings to the root they imply.
 *
 * @returns the root, 32 bytes; undefined when `leaves` or `siblings` has not the length that rows and leaf count imply,
 *   found out before anything is hashed
 * @throws CryptoError `leaf_count_invalid`, `rows_invalid`
 */
export function foldMultiproof(input: MultiproofInput, hasher: TreeHasher): Uint8Array | undefined {
  const { leafCount, rows, leaves, siblings } = input;
  const siblingCount = multiproofSiblingCount(leafCount, rows);
  if (leaves.length !== rows.length * HASH_BYTES) return undefined;
  if (siblings.length !== siblingCount * HASH_BYTES) return undefined;

  const takeFrom = (packed: Uint8Array): (() => Uint8Array) => {
    let offset = 0;
    return () => packed.subarray(offset, (offset += HASH_BYTES));
  };
  const root = walk<Uint8Array>(leafCount, rows, {
    challenged: takeFrom(leaves),
    sibling: takeFrom(siblings),
    join: (left, right) => hasher.hashChildren(left, right),
  });
  return root.slice();
}

interface Visitor<T> {
  challenged(): T;
  sibling(level: number, index: number): T;
  join(left: T, right: T): T;
}

/**
 * Depth-first over the part of the tree that holds challenged rows. `begin` and `end` bound the rows below the current
 * node, so no row is looked at more often than there are levels.
 */
function walk<T>(leafCount: number, rows: readonly number[], visitor: Visitor<T>): T {
  const sizes = treeLevelSizes(leafCount);
  requireChallengeRows(leafCount, rows);

  const visit = (level: number, index: number, begin: number, end: number): T => {
    if (begin === end) return visitor.sibling(level, index);
    if (level === 0) return visitor.challenged();
    const rightIndex = index * 2 + 1;
    if (rightIndex >= (sizes[level - 1] ?? 0)) return visit(level - 1, index * 2, begin, end);
    const firstRightLeaf = rightIndex * 2 ** (level - 1);
    let middle = begin;
    while (middle < end && (rows[middle] ?? 0) < firstRightLeaf) middle++;
    const left = visit(level - 1, index * 2, begin, middle);
    return visitor.join(left, visit(level - 1, rightIndex, middle, end));
  };
  return visit(sizes.length - 1, 0, 0, rows.length);
}

/** @throws CryptoError `rows_invalid` unless there are rows, strictly ascending integers below `leafCount`. */
export function requireChallengeRows(leafCount: number, rows: readonly number[]): void {
  let previous = -1;
  for (const row of rows) {
    if (!Number.isInteger(row) || row <= previous || row >= leafCount) {
      throw new CryptoError(
        'rows_invalid',
        `rows: expected strictly ascending integers below ${leafCount}`,
      );
    }
    previous = row;
  }
  if (rows.length === 0) {
    throw new CryptoError('rows_invalid', 'rows: expected at least one');
  }
}
