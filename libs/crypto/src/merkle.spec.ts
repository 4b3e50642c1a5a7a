import { describe, expect, it } from '@jest/globals';
import { blake3 } from './blake3.ts';
import { bytesToHex, concatBytes } from './bytes.ts';
import { ledgerTreeHasher, merkleRoot, treeLevelSizes, workTreeHasher } from './merkle.ts';

const leaf = (value: number): Uint8Array => new Uint8Array(32).fill(value);

describe('treeLevelSizes', () => {
  it('halves upwards, rounding up', () => {
    expect(treeLevelSizes(0)).toEqual([]);
    expect(treeLevelSizes(1)).toEqual([1]);
    expect(treeLevelSizes(5)).toEqual([5, 3, 2, 1]);
    expect(treeLevelSizes(64)).toEqual([64, 32, 16, 8, 4, 2, 1]);
    expect(treeLevelSizes(2 ** 24)).toHaveLength(25);
  });

  it('refuses what is no count', () => {
    for (const count of [-1, 1.5, NaN, 2 ** 53]) {
      expect(() => treeLevelSizes(count)).toThrow(
        expect.objectContaining({ code: 'leaf_count_invalid' }),
      );
    }
  });
});

describe('merkleRoot', () => {
  it('is the leaf itself for one leaf, a fresh copy', () => {
    const only = leaf(1);
    const root = merkleRoot([only], workTreeHasher);
    only.fill(9);
    expect(bytesToHex(root)).toBe(bytesToHex(leaf(1)));
  });

  it('is BLAKE3 of nothing for no leaf', () => {
    expect(bytesToHex(merkleRoot([], ledgerTreeHasher))).toBe(
      bytesToHex(blake3(new Uint8Array(0))),
    );
  });

  it('moves an unpaired last node up unchanged', () => {
    const { hashChildren } = workTreeHasher;
    expect(bytesToHex(merkleRoot([leaf(1), leaf(2), leaf(3)], workTreeHasher))).toBe(
      bytesToHex(hashChildren(hashChildren(leaf(1), leaf(2)), leaf(3))),
    );
  });
});

describe('ledgerTreeHasher', () => {
  it('keeps entries and nodes apart, so that an entry cannot pose as a node', () => {
    const pair = concatBytes(leaf(1), leaf(2));
    const asNode = ledgerTreeHasher.hashChildren(leaf(1), leaf(2));
    expect(bytesToHex(asNode)).toBe(bytesToHex(blake3(concatBytes(Uint8Array.of(1), pair))));
    expect(bytesToHex(ledgerTreeHasher.hashLeaf(pair))).toBe(
      bytesToHex(blake3(concatBytes(Uint8Array.of(0), pair))),
    );
    expect(bytesToHex(workTreeHasher.hashChildren(leaf(1), leaf(2)))).toBe(
      bytesToHex(blake3(pair)),
    );
  });
});
