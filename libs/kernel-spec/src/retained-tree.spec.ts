import { describe, expect, it } from '@jest/globals';
import { foldMultiproof, merkleRoot, workTreeHasher } from '@tops/crypto';
import { seededBytes } from '@tops/testing';
import { RetainedTree, retainedTreeLayout } from './retained-tree.ts';

/** Every level of the tree over seeded leaves, lowest first. */
function allLevels(leafCount: number): Uint8Array[][] {
  const bytes = seededBytes(leafCount, leafCount * 32);
  let level: Uint8Array[] = Array.from({ length: leafCount }, (_, i) =>
    bytes.slice(i * 32, (i + 1) * 32),
  );
  const levels = [level];
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) =>
      merkleRoot(level.slice(2 * i, 2 * i + 2), workTreeHasher),
    );
    levels.push(level);
  }
  return levels;
}

function treeOver(leafCount: number, nodeLimit: number) {
  const levels = allLevels(leafCount);
  const layout = retainedTreeLayout(leafCount, nodeLimit);
  const bytes = Uint8Array.from(
    levels
      .slice(layout.baseLevel)
      .flat()
      .flatMap((hash) => [...hash]),
  );
  const leaves = levels[0] ?? [];
  return { tree: new RetainedTree(layout, bytes), leaves, root: levels.at(-1)?.[0] };
}

describe('retainedTreeLayout', () => {
  it.each([
    { leafCount: 2 ** 18, baseLevel: 0 },
    { leafCount: 2 ** 18 + 64, baseLevel: 1 },
    { leafCount: 2 ** 20, baseLevel: 2 },
    { leafCount: 2 ** 24, baseLevel: 6 },
  ])('keeps $leafCount leaves from level $baseLevel, within 16 MiB', ({ leafCount, baseLevel }) => {
    const layout = retainedTreeLayout(leafCount);
    expect(layout.baseLevel).toBe(baseLevel);
    expect(layout.levels[0]?.nodeCount).toBe(Math.ceil(leafCount / 2 ** baseLevel));
    expect(layout.levels.at(-1)?.nodeCount).toBe(1);
    expect(layout.byteLength).toBeLessThan(17 * 2 ** 20);
  });

  it('never goes above the level a chunk of 64 rows ends on', () => {
    expect(retainedTreeLayout(4096, 1).baseLevel).toBe(6);
  });
});

describe('RetainedTree', () => {
  const rows = [0, 63, 64, 65, 130, 191];

  it.each([1000, 96, 10])(
    'opens to the root when it keeps at most %i nodes a level',
    async (limit) => {
      const { tree, leaves, root } = treeOver(192, limit);
      const asked: number[] = [];
      const opening = await tree.openMultiproof(rows, async (needed) => {
        asked.push(...needed);
        return Uint8Array.from(needed.flatMap((row) => [...(leaves[row] ?? [])]));
      });
      expect(tree.root).toEqual(root);
      expect(foldMultiproof({ leafCount: 192, rows, ...opening }, workTreeHasher)).toEqual(root);
      const span = 2 ** tree.layout.baseLevel;
      const wanted = new Set(rows.map((row) => Math.floor(row / span)));
      expect(asked).toHaveLength(span === 1 ? 0 : wanted.size * span);
    },
  );

  it('refuses recomputed leaves that contradict the tree', async () => {
    const { tree, leaves } = treeOver(192, 96);
    const recompute = (flip: number) => async (needed: readonly number[]) => {
      const bytes = Uint8Array.from(needed.flatMap((row) => [...(leaves[row] ?? [])]));
      bytes[0] = (bytes[0] ?? 0) ^ flip;
      return bytes;
    };
    await expect(tree.openMultiproof([5], recompute(1))).rejects.toMatchObject({
      code: 'self_test_failed',
    });
    await expect(tree.openMultiproof([5], recompute(0))).resolves.toHaveProperty(
      'leaves.length',
      32,
    );
  });

  it('passes on what recomputation fails with, and refuses rows that are no challenge', async () => {
    const { tree } = treeOver(192, 96);
    const failing = async (): Promise<Uint8Array> => {
      throw new Error('no thread');
    };
    await expect(tree.openMultiproof([5], failing)).rejects.toThrow('no thread');
    await expect(tree.openMultiproof([192], failing)).rejects.toMatchObject({
      code: 'rows_invalid',
    });
  });

  it('refuses a buffer of another length', () => {
    const layout = retainedTreeLayout(64);
    expect(() => new RetainedTree(layout, new Uint8Array(layout.byteLength - 1))).toThrow(
      RangeError,
    );
    expect(new RetainedTree(layout, new Uint8Array(layout.byteLength)).root).toHaveLength(32);
  });
});
