/// <reference types="@webgpu/types" />
import { layer1Shift, layer2Shift, type Attempt, type RetainedTreeLayout } from '@tops/kernel-spec';
import { treeLevelSizes } from '@tops/crypto';
import type { Dispatch, ParamsWriter } from './device/dispatch.ts';
import type { DeviceWeights } from './device-weights.ts';
import type { GemmPath } from './gemm-path.ts';
import { NODE_BYTES, chunksOf, type Stages } from './stages.ts';
import { CHUNK_END, CHUNK_START, IV, KEYED_HASH, PARENT, ROOT, wordsOf } from './twins/blake3.ts';
import type { ChunkBuffers } from './workspace.ts';

/** BLAKE3.hash of two nodes: one chunk of one block. */
const TREE_NODE_FLAGS = CHUNK_START | CHUNK_END | ROOT;

/** Rows of one chunk: consecutive ones, or those uploaded into `buffers.rows`. */
export interface ChunkRows {
  readonly firstRow: number;
  readonly rowCount: number;
  readonly gather: boolean;
}

/** What one chunk runs, in the order of its passes. */
export interface ChunkDispatches {
  readonly operands: readonly Dispatch[];
  /** The two layers and nothing else: what a device's GEMM rate is measured by. */
  readonly layers: readonly Dispatch[];
  readonly hashes: readonly Dispatch[];
  readonly range: NodeRange;
}

/** Where a chunk's hashes lie in `buffers.nodes`, in nodes. */
export interface NodeRange {
  readonly offset: number;
  readonly count: number;
}

/** The order of the shaders: what one submission runs for a chunk, and for the tree over all of them. */
export class Pipeline {
  readonly #stages: Stages;
  readonly #gemm: GemmPath;

  constructor(stages: Stages, gemm: GemmPath) {
    this.#stages = stages;
    this.#gemm = gemm;
  }

  /** From operands to the nodes `levels` above the leaves; `range` says where in `buffers.nodes` those will be. */
  chunk(
    params: ParamsWriter,
    input: {
      readonly attempt: Attempt;
      readonly rows: ChunkRows;
      readonly levels: number;
      readonly weights: DeviceWeights;
      readonly buffers: ChunkBuffers;
    },
  ): ChunkDispatches {
    const { attempt, rows, weights, buffers } = input;
    const { attemptKey: key, shape } = attempt;
    const { n, k } = shape;
    const { rowCount } = rows;
    const { operand, layer1, layer2, nodes } = buffers;
    const layer = { rowCount, columnCount: n };
    const operands = [
      this.#stages.operandStream(params, { key, k, ...rows, rows: buffers.rows, operand }),
    ];
    const layers = [
      this.#gemm.layer(params, {
        ...layer,
        depth: k,
        shift: layer1Shift(k),
        left: operand,
        weights: weights.layer1,
        result: layer1,
      }),
      this.#gemm.layer(params, {
        ...layer,
        depth: n,
        shift: layer2Shift(n),
        left: layer1,
        weights: weights.layer2,
        result: layer2,
      }),
    ];
    const hashes = [this.#stages.leafChunks(params, { key, n, rowCount, rows: layer2, nodes })];
    const fold = { key, n, rowCount, levels: input.levels, nodes };
    const range = this.#foldChunk(params, hashes, fold);
    return { operands, layers, hashes, range };
  }

  /** The levels of `layout` above its lowest one, in place. */
  tree(
    params: ParamsWriter,
    dispatches: Dispatch[],
    input: { readonly layout: RetainedTreeLayout; readonly nodes: GPUBuffer },
  ): void {
    const { levels } = input.layout;
    for (const [i, level] of levels.entries()) {
      const above = levels[i + 1];
      if (!above) return;
      dispatches.push(
        this.#stages.hashPairs(params, {
          key: IV,
          flags: TREE_NODE_FLAGS,
          childOffset: level.offsetBytes / NODE_BYTES,
          childCount: level.nodeCount,
          parentOffset: above.offsetBytes / NODE_BYTES,
          nodes: input.nodes,
        }),
      );
    }
  }

  /** Chunk trees to leaves, then leaves to the lowest kept level. Every level has an even number of nodes. */
  #foldChunk(
    params: ParamsWriter,
    dispatches: Dispatch[],
    input: {
      readonly key: Uint8Array;
      readonly n: number;
      readonly rowCount: number;
      readonly levels: number;
      readonly nodes: GPUBuffer;
    },
  ): NodeRange {
    const { key, n, rowCount, levels, nodes } = input;
    let range = { offset: 0, count: rowCount * chunksOf(n) };
    const fold = (words: Uint32Array, flags: number): void => {
      const { offset: childOffset, count: childCount } = range;
      const parentOffset = childOffset + childCount;
      dispatches.push(
        this.#stages.hashPairs(params, {
          key: words,
          flags,
          childOffset,
          childCount,
          parentOffset,
          nodes,
        }),
      );
      range = { offset: parentOffset, count: childCount / 2 };
    };
    const chunkLevels = treeLevelSizes(chunksOf(n)).length - 1;
    for (let level = 1; level <= chunkLevels; level++) {
      fold(wordsOf(key), PARENT | KEYED_HASH | (level === chunkLevels ? ROOT : 0));
    }
    for (let level = 0; level < levels; level++) fold(IV, TREE_NODE_FLAGS);
    return range;
  }
}
