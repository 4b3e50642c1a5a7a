import { describe, expect, it } from '@jest/globals';
import { treeLevelSizes, workTreeHasher } from './merkle.ts';
import { foldMultiproof, multiproofPositions, multiproofSiblingCount } from './multiproof.ts';

describe('multiproofPositions', () => {
  it('names maximal subtrees depth-first, left to right', () => {
    expect(multiproofPositions(8, [2, 5])).toEqual([
      { level: 1, index: 0 },
      { level: 0, index: 3 },
      { level: 0, index: 4 },
      { level: 1, index: 3 },
    ]);
  });

  it('is empty when every leaf is challenged', () => {
    expect(multiproofPositions(5, [0, 1, 2, 3, 4])).toEqual([]);
    expect(multiproofPositions(1, [0])).toEqual([]);
  });

  it('names a promoted subtree at its highest level', () => {
    expect(multiproofPositions(5, [0])).toEqual([
      { level: 0, index: 1 },
      { level: 1, index: 1 },
      { level: 2, index: 1 },
    ]);
  });

  it('covers every unchallenged leaf once and no challenged one', () => {
    const leafCount = 203;
    const rows = [0, 7, 64, 65, 127, 200, 202];
    const covered = multiproofPositions(leafCount, rows).flatMap(({ level, index }) => {
      expect(index).toBeLessThan(treeLevelSizes(leafCount)[level]!);
      const begin = index * 2 ** level;
      const end = Math.min((index + 1) * 2 ** level, leafCount);
      return Array.from({ length: end - begin }, (_, i) => begin + i);
    });
    const expected = Array.from({ length: leafCount }, (_, i) => i).filter(
      (i) => !rows.includes(i),
    );
    expect(covered).toEqual(expected);
  });

  it('visits only the paths: the largest tree with the most rows stays small', () => {
    const rows = Array.from({ length: 64 }, (_, i) => i * 2 ** 18 + 1);
    expect(multiproofPositions(2 ** 24, rows)).toHaveLength(64 * 18);
  });

  it('does not wrap at 32 bits', () => {
    expect(multiproofPositions(2 ** 33, [2 ** 33 - 1]).at(0)).toEqual({ level: 32, index: 0 });
  });
});

describe('rows', () => {
  it.each([
    ['none', []],
    ['descending', [3, 2]],
    ['repeated', [2, 2]],
    ['past the end', [8]],
    ['negative', [-1]],
    ['fractional', [0.5]],
    ['not a number', [NaN]],
  ])('%s are refused', (_name, rows) => {
    const rowsInvalid = expect.objectContaining({ code: 'rows_invalid' });
    expect(() => multiproofPositions(8, rows)).toThrow(rowsInvalid);
    expect(() => multiproofSiblingCount(8, rows)).toThrow(rowsInvalid);
    const leaves = new Uint8Array(32 * rows.length);
    const input = { leafCount: 8, rows, leaves, siblings: new Uint8Array(96) };
    expect(() => foldMultiproof(input, workTreeHasher)).toThrow(rowsInvalid);
  });

  it('ascending and in range are taken', () => {
    const input = {
      leafCount: 8,
      rows: [7],
      leaves: new Uint8Array(32),
      siblings: new Uint8Array(96),
    };
    expect(foldMultiproof(input, workTreeHasher)).toHaveLength(32);
  });
});

describe('foldMultiproof', () => {
  it('hashes nothing when a length is wrong', () => {
    const hasher = {
      ...workTreeHasher,
      hashChildren: () => {
        throw new Error('hashed before the lengths were checked');
      },
    };
    const wrong = {
      leafCount: 8,
      rows: [7],
      leaves: new Uint8Array(32),
      siblings: new Uint8Array(95),
    };
    expect(foldMultiproof(wrong, hasher)).toBeUndefined();
    expect(() => foldMultiproof({ ...wrong, siblings: new Uint8Array(96) }, hasher)).toThrow(
      'hashed before',
    );
  });
});
