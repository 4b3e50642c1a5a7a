import { describe, expect, it } from '@jest/globals';
import {
  blake3,
  bytesToHex,
  concatBytes,
  foldMultiproof,
  ledgerTreeHasher,
  merkleRoot,
  multiproofPositions,
  multiproofSiblingCount,
  treeLevelSizes,
  u32le,
  workTreeHasher,
  type TreeHasher,
} from '../../src/index.ts';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';

const leavesOf = (leafCount: number, salt = 0): Uint8Array[] =>
  Array.from({ length: leafCount }, (_, i) => blake3(concatBytes(u32le(i), u32le(salt))));

/** RFC 9162 §2.1.1 word for word: k is the largest power of two smaller than n. The oracle for the level-wise code. */
function recursiveRoot(leaves: readonly Uint8Array[], hasher: TreeHasher): Uint8Array {
  if (leaves.length === 0) return hasher.emptyRoot;
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hasher.hashChildren(
    recursiveRoot(leaves.slice(0, split), hasher),
    recursiveRoot(leaves.slice(split), hasher),
  );
}

/** Depth-first over the recursive tree: the hashes of maximal subtrees without a row. */
function recursiveSiblings(leaves: readonly Uint8Array[], rows: readonly number[]): Uint8Array[] {
  const visit = (begin: number, end: number): Uint8Array[] => {
    if (!rows.some((row) => row >= begin && row < end)) {
      return [recursiveRoot(leaves.slice(begin, end), workTreeHasher)];
    }
    if (end - begin === 1) return [];
    let split = 1;
    while (split * 2 < end - begin) split *= 2;
    return [...visit(begin, begin + split), ...visit(begin + split, end)];
  };
  return visit(0, leaves.length);
}

/** The proof as a prover makes it: every level kept, positions looked up. */
function prove(leaves: readonly Uint8Array[], rows: readonly number[]) {
  const levels: Uint8Array[][] = [[...leaves]];
  for (const size of treeLevelSizes(leaves.length).slice(1)) {
    const below = levels.at(-1)!;
    levels.push(
      Array.from({ length: size }, (_, i) => {
        const right = below[2 * i + 1];
        return right ? workTreeHasher.hashChildren(below[2 * i]!, right) : below[2 * i]!;
      }),
    );
  }
  const positions = multiproofPositions(leaves.length, rows);
  expect(multiproofSiblingCount(leaves.length, rows)).toBe(positions.length);
  return {
    leafCount: leaves.length,
    rows,
    leaves: concatBytes(...rows.map((row) => leaves[row]!)),
    siblings: concatBytes(...positions.map(({ level, index }) => levels[level]![index]!)),
  };
}

const challenges = fc.integer({ min: 1, max: 200 }).chain((leafCount) =>
  fc.record({
    leafCount: fc.constant(leafCount),
    rows: fc
      .uniqueArray(fc.nat({ max: leafCount - 1 }), { minLength: 1, maxLength: 64 })
      .map((rows) => rows.sort((a, b) => a - b)),
  }),
);

describe('merkleRoot', () => {
  it('equals the recursive definition, for both hashers', () => {
    fc.assert(
      fc.property(fc.nat({ max: 130 }), (leafCount) => {
        const leaves = leavesOf(leafCount);
        for (const hasher of [workTreeHasher, ledgerTreeHasher]) {
          expect(bytesToHex(merkleRoot(leaves, hasher))).toBe(
            bytesToHex(recursiveRoot(leaves, hasher)),
          );
        }
      }),
      fcParameters(40),
    );
  });
});

describe('foldMultiproof', () => {
  it('folds an honest proof to the root, with siblings in depth-first order', () => {
    fc.assert(
      fc.property(challenges, ({ leafCount, rows }) => {
        const leaves = leavesOf(leafCount);
        const proof = prove(leaves, rows);
        expect(bytesToHex(proof.siblings)).toBe(
          bytesToHex(concatBytes(...recursiveSiblings(leaves, rows))),
        );
        const root = foldMultiproof(proof, workTreeHasher);
        expect(root && bytesToHex(root)).toBe(bytesToHex(merkleRoot(leaves, workTreeHasher)));
      }),
      fcParameters(100),
    );
  });

  it('never folds to the root with one bit of a leaf or a sibling flipped', () => {
    fc.assert(
      fc.property(challenges, fc.nat(), fc.nat({ max: 7 }), ({ leafCount, rows }, at, bit) => {
        const leaves = leavesOf(leafCount);
        const proof = prove(leaves, rows);
        const root = bytesToHex(merkleRoot(leaves, workTreeHasher));
        const packed = concatBytes(proof.leaves, proof.siblings);
        packed[at % packed.length]! ^= 1 << bit;
        const flipped = {
          ...proof,
          leaves: packed.subarray(0, proof.leaves.length),
          siblings: packed.subarray(proof.leaves.length),
        };
        expect(bytesToHex(foldMultiproof(flipped, workTreeHasher)!)).not.toBe(root);
      }),
      fcParameters(100),
    );
  });

  it('returns undefined for every wrong length, in either part, by a byte or by a hash', () => {
    fc.assert(
      fc.property(challenges, fc.constantFrom(-32, -1, 1, 31, 32, 64), (challenge, change) => {
        const proof = prove(leavesOf(challenge.leafCount), challenge.rows);
        const resize = (bytes: Uint8Array): Uint8Array => {
          const resized = new Uint8Array(Math.max(0, bytes.length + change));
          resized.set(bytes.subarray(0, resized.length));
          return resized;
        };
        for (const part of ['leaves', 'siblings'] as const) {
          if (proof[part].length + change < 0) continue;
          const wrong = { ...proof, [part]: resize(proof[part]) };
          expect(foldMultiproof(wrong, workTreeHasher)).toBeUndefined();
        }
        // A hash moved across the border keeps the total length and is still refused.
        const shifted = {
          ...proof,
          leaves: concatBytes(proof.leaves, proof.siblings.subarray(0, 32)),
          siblings: proof.siblings.subarray(32),
        };
        if (proof.siblings.length > 0) {
          expect(foldMultiproof(shifted, workTreeHasher)).toBeUndefined();
        }
        expect(foldMultiproof(proof, workTreeHasher)).toBeDefined();
      }),
      fcParameters(100),
    );
  });

  it('does not fold to the root for other rows of the same tree', () => {
    const twoChallenges = fc.integer({ min: 2, max: 200 }).chain((leafCount) => {
      const rows = fc
        .uniqueArray(fc.nat({ max: leafCount - 1 }), { minLength: 1, maxLength: 8 })
        .map((picked) => picked.sort((a, b) => a - b));
      return fc.record({ leafCount: fc.constant(leafCount), rows, otherRows: rows });
    });
    fc.assert(
      fc.property(twoChallenges, ({ leafCount, rows, otherRows }) => {
        fc.pre(rows.join() !== otherRows.join());
        const leaves = leavesOf(leafCount);
        const root = bytesToHex(merkleRoot(leaves, workTreeHasher));
        const claimed = foldMultiproof({ ...prove(leaves, rows), rows: otherRows }, workTreeHasher);
        expect(claimed && bytesToHex(claimed)).not.toBe(root);
      }),
      fcParameters(200),
    );
  });
});
