import {
  HASH_BYTES,
  multiproofPositions,
  treeLevelSizes,
  workTreeHasher,
  type NodePosition,
} from '@tops/crypto';
import { KernelError } from './kernel-error.ts';
import type { Opening } from './kernel.ts';

/** A tree keeps its levels from the lowest one with at most this many nodes: 16 MiB whatever m is. */
export const RETAINED_NODE_LIMIT = 2 ** 18;

/** Rows are multiples of 64, so up to this level every node has two children and covers 2^level rows. */
const MAX_BASE_LEVEL = 6;
/** Rows asked for in one go when leaves have to be recomputed. */
const RECOMPUTE_ROWS = 64;

export interface RetainedLevel {
  readonly nodeCount: number;
  readonly offsetBytes: number;
}

/** Where the kept levels of a tree lie in one flat buffer, lowest first. */
export interface RetainedTreeLayout {
  readonly leafCount: number;
  /** The lowest kept level; 0 when the leaves themselves are kept. */
  readonly baseLevel: number;
  /** Entry i describes level `baseLevel + i`. */
  readonly levels: readonly RetainedLevel[];
  readonly byteLength: number;
}

/** @param leafCount - m: a multiple of 64 */
export function retainedTreeLayout(
  leafCount: number,
  nodeLimit = RETAINED_NODE_LIMIT,
): RetainedTreeLayout {
  const sizes = treeLevelSizes(leafCount);
  let baseLevel = 0;
  while (baseLevel < MAX_BASE_LEVEL && (sizes[baseLevel] ?? 0) > nodeLimit) baseLevel++;
  const levels: RetainedLevel[] = [];
  let byteLength = 0;
  for (const nodeCount of sizes.slice(baseLevel)) {
    levels.push({ nodeCount, offsetBytes: byteLength });
    byteLength += nodeCount * HASH_BYTES;
  }
  return { leafCount, baseLevel, levels, byteLength };
}

/**
 * The part of an attempt's tree that outlives the computation. Nodes below `layout.baseLevel` are not kept: opening
 * recomputes the leaves of the 2^baseLevel-row subtrees that hold a challenged row.
 */
export class RetainedTree {
  readonly layout: RetainedTreeLayout;
  readonly #bytes: Uint8Array;

  /** @param bytes - the levels as `layout` says, `layout.byteLength` long; kept, not copied */
  constructor(layout: RetainedTreeLayout, bytes: Uint8Array) {
    if (bytes.length !== layout.byteLength) {
      throw new RangeError(`bytes: expected ${layout.byteLength}, got ${bytes.length}`);
    }
    this.layout = layout;
    this.#bytes = bytes;
  }

  /** 32 bytes, a copy. */
  get root(): Uint8Array {
    return this.#bytes.slice(this.layout.byteLength - HASH_BYTES);
  }

  /**
   * The opening of `rows` (ascending, distinct).
   *
   * @param computeLeaves - leaves of the given rows, rows × 32 bytes; called only when `layout.baseLevel` > 0
   * @throws CryptoError `rows_invalid`; KernelError `self_test_failed` when recomputed leaves contradict the tree
   */
  async openMultiproof(
    rows: readonly number[],
    computeLeaves: (rows: readonly number[]) => Promise<Uint8Array>,
  ): Promise<Opening> {
    const { leafCount, baseLevel } = this.layout;
    const siblingPositions = multiproofPositions(leafCount, rows);
    const leafPositions = rows.map((row) => ({ level: 0, index: row }));
    const subtrees = baseLevel > 0 ? await this.#recomputeSubtrees(rows, computeLeaves) : new Map();
    const collect = (positions: readonly NodePosition[]): Uint8Array => {
      const out = new Uint8Array(positions.length * HASH_BYTES);
      positions.forEach((position, i) => {
        out.set(this.#node(position, subtrees), i * HASH_BYTES);
      });
      return out;
    };
    return { leaves: collect(leafPositions), siblings: collect(siblingPositions) };
  }

  #retained(level: number, index: number): Uint8Array {
    const { nodeCount, offsetBytes } = this.layout.levels[level - this.layout.baseLevel] ?? {
      nodeCount: 0,
      offsetBytes: 0,
    };
    if (index >= nodeCount) throw new RangeError(`no node ${index} on level ${level}`);
    const start = offsetBytes + index * HASH_BYTES;
    return this.#bytes.subarray(start, start + HASH_BYTES);
  }

  #node(position: NodePosition, subtrees: ReadonlyMap<number, Uint8Array[]>): Uint8Array {
    const { level, index } = position;
    const { baseLevel } = this.layout;
    if (level >= baseLevel) return this.#retained(level, index);
    const levelsAbove = baseLevel - level;
    const nodes = subtrees.get(index >> levelsAbove)?.[level];
    if (!nodes) throw new RangeError(`no node ${index} on level ${level}`);
    const start = (index & (2 ** levelsAbove - 1)) * HASH_BYTES;
    return nodes.subarray(start, start + HASH_BYTES);
  }

  /** Subtree index on the base level → its levels below that one, each flat. */
  async #recomputeSubtrees(
    rows: readonly number[],
    computeLeaves: (rows: readonly number[]) => Promise<Uint8Array>,
  ): Promise<Map<number, Uint8Array[]>> {
    const { baseLevel } = this.layout;
    const subtreeRows = 2 ** baseLevel;
    const indices = [...new Set(rows.map((row) => row >> baseLevel))];
    const perCall = Math.max(1, RECOMPUTE_ROWS / subtreeRows);
    const subtrees = new Map<number, Uint8Array[]>();
    const calls: Promise<void>[] = [];
    for (let first = 0; first < indices.length; first += perCall) {
      const group = indices.slice(first, first + perCall);
      const groupRows = group.flatMap((index) =>
        Array.from({ length: subtreeRows }, (_, i) => index * subtreeRows + i),
      );
      const take = async (): Promise<void> => {
        const leaves = await computeLeaves(groupRows);
        group.forEach((index, i) => {
          const bytes = subtreeRows * HASH_BYTES;
          subtrees.set(index, this.#foldSubtree(index, leaves.slice(i * bytes, (i + 1) * bytes)));
        });
      };
      calls.push(take());
    }
    await Promise.all(calls);
    return subtrees;
  }

  #foldSubtree(index: number, leaves: Uint8Array): Uint8Array[] {
    const levels = [leaves];
    let level = leaves;
    while (level.length > HASH_BYTES) {
      const parents = new Uint8Array(level.length / 2);
      for (let offset = 0; offset < parents.length; offset += HASH_BYTES) {
        const left = level.subarray(2 * offset, 2 * offset + HASH_BYTES);
        const right = level.subarray(2 * offset + HASH_BYTES, 2 * (offset + HASH_BYTES));
        parents.set(workTreeHasher.hashChildren(left, right), offset);
      }
      levels.push(parents);
      level = parents;
    }
    const committed = this.#retained(this.layout.baseLevel, index);
    if (!level.every((byte, i) => byte === committed[i])) {
      throw new KernelError(
        'self_test_failed',
        `subtree ${index}: recomputed leaves contradict the committed tree`,
      );
    }
    return levels;
  }
}
