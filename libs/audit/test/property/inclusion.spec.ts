import { bytesToHex, ledgerTreeHasher, merkleRoot } from '@tops/crypto';
import { describe, expect, it } from '@jest/globals';
import { fcParameters, seededBytes } from '@tops/testing';
import fc from 'fast-check';
import { foldInclusion, inclusionPath, LedgerRoot } from '../../src/index.ts';

/** PATH(m, D[n]) of RFC 9162 §2.1.3.1, word for word. */
function pathByDefinition(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...pathByDefinition(index, left), merkleRoot(right, ledgerTreeHasher)]
    : [...pathByDefinition(index - split, right), merkleRoot(left, ledgerTreeHasher)];
}

const leavesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => seededBytes(index, 32));
const hexOf = (path: readonly Uint8Array[]) => path.map(bytesToHex);

/** A leaf of a tree. */
const place = fc
  .integer({ min: 1, max: 300 })
  .chain((count) => fc.record({ count: fc.constant(count), index: fc.nat(count - 1) }));

describe('inclusion paths', () => {
  it('are those of RFC 9162, for every leaf of every small tree', () => {
    for (let count = 1; count <= 33; count++) {
      const leaves = leavesOf(count);
      const root = bytesToHex(merkleRoot(leaves, ledgerTreeHasher));
      for (let index = 0; index < count; index++) {
        const path = inclusionPath(leaves, { index, count });
        expect(hexOf(path)).toEqual(hexOf(pathByDefinition(index, leaves)));
        const folded = foldInclusion({ leaf: leaves[index]!, index, count, path });
        expect(folded && bytesToHex(folded)).toBe(root);
      }
    }
  });

  it('fold to the root, and to nothing else by another index, count, leaf or hash', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.nat(255), ({ count, index }, spoilt, bit) => {
        const leaves = leavesOf(count);
        const leaf = leaves[index]!;
        const path = inclusionPath(leaves, { index, count });
        const root = bytesToHex(merkleRoot(leaves, ledgerTreeHasher));
        const fold = (change: Partial<Parameters<typeof foldInclusion>[0]>) => {
          const folded = foldInclusion({ leaf, index, count, path, ...change });
          return folded === undefined ? undefined : bytesToHex(folded);
        };
        expect(fold({})).toBe(root);
        const flip = (hash: Uint8Array) => {
          const copy = hash.slice();
          copy[bit >> 3]! ^= 1 << (bit & 7);
          return copy;
        };
        expect(fold({ leaf: flip(leaf) })).not.toBe(root);
        expect(fold({ path: [...path, leaf] })).not.toBe(root);
        if (path.length > 0) {
          const at = spoilt % path.length;
          expect(fold({ path: path.with(at, flip(path[at]!)) })).not.toBe(root);
          expect(fold({ path: path.slice(1) })).not.toBe(root);
          const other = (index + 1 + (spoilt % (count - 1))) % count;
          expect(fold({ index: other })).not.toBe(root);
        }
        expect(fold({ index: count })).toBeUndefined();
        expect(fold({ index: -1 })).toBeUndefined();
        expect(fold({ index: 0.5 })).toBeUndefined();
      }),
      fcParameters(),
    );
  });

  it('join over blocks of a power of two, as the verifier makes them', () => {
    fc.assert(
      fc.property(place, fc.constantFrom(1, 2, 8, 64), ({ count, index }, block) => {
        const leaves = leavesOf(count);
        const roots: Uint8Array[] = [];
        for (let start = 0; start < count; start += block) {
          const root = new LedgerRoot();
          for (const leaf of leaves.slice(start, start + block)) root.appendHash(leaf);
          roots.push(root.digest());
        }
        const blockIndex = Math.floor(index / block);
        const own = leaves.slice(blockIndex * block, (blockIndex + 1) * block);
        const joined = [
          ...inclusionPath(own, { index: index % block, count: own.length }),
          ...inclusionPath(roots, { index: blockIndex, count: roots.length }),
        ];
        expect(hexOf(joined)).toEqual(hexOf(inclusionPath(leaves, { index, count })));
      }),
      fcParameters(),
    );
  });

  it('are refused for leaves that are not as many as said', () => {
    expect(() => inclusionPath(leavesOf(3), { index: 0, count: 4 })).toThrow(RangeError);
    expect(() => inclusionPath(leavesOf(3), { index: 3, count: 3 })).toThrow(RangeError);
  });
});
