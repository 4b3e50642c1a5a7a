import { HASH_BYTES } from '@tops/crypto';
import {
  layer1Shift,
  layer2Shift,
  weightsKey,
  type Attempt,
  type RetainedTreeLayout,
} from '@tops/kernel-spec';
import type { KernelExports } from './kernel-module.ts';
import {
  CHUNK_LEVELS,
  CHUNK_ROWS,
  operandStrideBytes,
  packedWeights,
  slotLayout,
  tileStrideBytes,
  type SlotLayout,
  type WeightsPlace,
} from './layout.ts';
import { packedRowIndex, Strassen, SUMS_ROW_BYTES, TILE_ROWS, type Block } from './strassen.ts';
import type { SharedWasmMemory } from './web-assembly.ts';

/** Thread milliseconds spent so far, by stage. */
export interface StageTimes {
  streamsMs: number;
  gemmMs: number;
  /** Leaves and nodes. */
  hashingMs: number;
}

/** All rows of one attempt, `rowsPerPass` (a multiple of CHUNK_ROWS, at most what the slots have room for) at a time. */
export interface CommitWork {
  readonly place: WeightsPlace;
  readonly attempt: Attempt;
  readonly rowsPerPass: number;
}

/** Of a slot's row indices. */
interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Parents folded in one call above the chunks; A and Y1 always have room for that many. */
const FOLD_PARENTS = 128;
/** BLAKE3 §2.1 (the initial value of SHA-256). */
const INITIAL_VALUE = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/**
 * One thread's hands on the shared memory: chunks of rows, blocks of weights, levels of the tree. Synchronous and free of
 * Node.js; whoever calls decides which thread does which chunk.
 */
export class WasmEngine {
  readonly times: StageTimes = { streamsMs: 0, gemmMs: 0, hashingMs: 0 };
  readonly #exports: KernelExports;
  readonly #strassen: Strassen;
  readonly #memory: SharedWasmMemory;
  readonly #threadIndex: number;

  constructor(
    options: { readonly threadIndex: number },
    dependencies: { readonly exports: KernelExports; readonly memory: SharedWasmMemory },
  ) {
    this.#threadIndex = options.threadIndex;
    this.#exports = dependencies.exports;
    this.#strassen = new Strassen(dependencies.exports);
    this.#memory = dependencies.memory;
  }

  /** Blocks of CHUNK_ROWS weight rows that {@link packBlock} has to be called for: W1 first, then W2. */
  static packBlockCount(place: WeightsPlace): number {
    return (place.k + place.n) / CHUNK_ROWS;
  }

  /** Generates one block of weight rows and packs it in its place. */
  packBlock(place: WeightsPlace, block: number): void {
    const slot = this.#slot(place);
    const weights = packedWeights(place);
    const layer1Blocks = place.k / CHUNK_ROWS;
    const isLayer1 = block < layer1Blocks;
    const layer = isLayer1 ? weights.layer1 : weights.layer2;
    const layerBlock = isLayer1 ? block : block - layer1Blocks;
    this.#writeKey(slot, weightsKey(isLayer1 ? 1 : 2));
    this.#writeRowIndices(slot, CHUNK_ROWS, (i) =>
      packedRowIndex(layer, { block: layerBlock, rowCount: CHUNK_ROWS }, i),
    );
    const rows = { address: slot.y1, strideBytes: operandStrideBytes(place.n) };
    this.#streamRows(slot, { first: 0, count: CHUNK_ROWS }, place.n, rows);
    this.#strassen.pack(
      { rows, rowCount: CHUNK_ROWS, block: layerBlock, combined: slot.combined },
      layer,
    );
  }

  /** Leaves of up to CHUNK_ROWS rows, rows × 32 bytes. */
  computeLeaves(place: WeightsPlace, attempt: Attempt, rows: readonly number[]): Uint8Array {
    const slot = this.#slot(place);
    this.#prepare(slot, attempt);
    this.#writeRowIndices(slot, rows.length, (i) => rows[i] ?? 0);
    this.#leavesToHashes(place, slot, attempt, rows.length);
    return new Uint8Array(this.#memory.buffer).slice(
      slot.hashes,
      slot.hashes + rows.length * HASH_BYTES,
    );
  }

  /** The rows of one pass: their leaves and the nodes above them, the kept ones stored in `tree`. */
  commitPass(
    { place, attempt, rowsPerPass }: CommitWork,
    pass: number,
    layout: RetainedTreeLayout,
    tree: Uint8Array,
  ): void {
    const slot = this.#slot(place);
    const firstRow = pass * rowsPerPass;
    const rowCount = Math.min(rowsPerPass, attempt.shape.m - firstRow);
    this.#prepare(slot, attempt);
    this.#writeRowIndices(slot, rowCount, (i) => firstRow + i);
    this.#leavesToHashes(place, slot, attempt, rowCount);

    const start = performance.now();
    for (let row = 0; row < rowCount; row += CHUNK_ROWS) {
      const leaves = slot.hashes + row * HASH_BYTES;
      const chunk = (firstRow + row) / CHUNK_ROWS;
      this.#foldChunk(slot, { leaves, nodes: slot.nodes, chunk }, layout, tree);
    }
    this.times.hashingMs += performance.now() - start;
  }

  /** The levels above the chunks, once every chunk of `tree` is in. */
  foldUpperLevels(place: WeightsPlace, layout: RetainedTreeLayout, tree: Uint8Array): void {
    const start = performance.now();
    const slot = this.#slot(place);
    this.#writeInitialValue(slot);
    const memory = new Uint8Array(this.#memory.buffer);
    for (let i = CHUNK_LEVELS - layout.baseLevel; i + 1 < layout.levels.length; i++) {
      const children = layout.levels[i];
      const parents = layout.levels[i + 1];
      if (!children || !parents) break;
      const pairCount = children.nodeCount >> 1;
      for (let first = 0; first < pairCount; first += FOLD_PARENTS) {
        const count = Math.min(FOLD_PARENTS, pairCount - first);
        const from = children.offsetBytes + first * 2 * HASH_BYTES;
        memory.set(tree.subarray(from, from + count * 2 * HASH_BYTES), slot.a);
        this.#foldNodes(slot, slot.a, count, slot.y1);
        tree.set(
          memory.subarray(slot.y1, slot.y1 + count * HASH_BYTES),
          parents.offsetBytes + first * HASH_BYTES,
        );
      }
      if (children.nodeCount % 2 === 1) {
        const unpaired = children.offsetBytes + pairCount * 2 * HASH_BYTES;
        tree.copyWithin(
          parents.offsetBytes + pairCount * HASH_BYTES,
          unpaired,
          unpaired + HASH_BYTES,
        );
      }
    }
    this.times.hashingMs += performance.now() - start;
  }

  #foldChunk(
    slot: SlotLayout,
    { leaves, nodes, chunk }: { leaves: number; nodes: number; chunk: number },
    layout: RetainedTreeLayout,
    tree: Uint8Array,
  ): void {
    const memory = new Uint8Array(this.#memory.buffer);
    let from = leaves;
    let parents = nodes;
    let nodeCount = CHUNK_ROWS;
    for (let level = 0; ; level++) {
      const kept = layout.levels[level - layout.baseLevel];
      if (kept) {
        const bytes = memory.subarray(from, from + nodeCount * HASH_BYTES);
        tree.set(bytes, kept.offsetBytes + chunk * nodeCount * HASH_BYTES);
      }
      if (level === CHUNK_LEVELS) return;
      nodeCount /= 2;
      this.#foldNodes(slot, from, nodeCount, parents);
      from = parents;
      parents += nodeCount * HASH_BYTES;
    }
  }

  #slot(place: WeightsPlace): SlotLayout {
    return slotLayout(place, this.#threadIndex);
  }

  #prepare(slot: SlotLayout, attempt: Attempt): void {
    this.#writeKey(slot, attempt.attemptKey);
    this.#writeInitialValue(slot);
  }

  #writeKey(slot: SlotLayout, key: Uint8Array): void {
    new Uint8Array(this.#memory.buffer).set(key, slot.key);
  }

  #writeInitialValue(slot: SlotLayout): void {
    new Uint32Array(this.#memory.buffer, slot.initialValue, 8).set(INITIAL_VALUE);
  }

  #writeRowIndices(slot: SlotLayout, count: number, rowAt: (i: number) => number): void {
    const indices = new Uint32Array(this.#memory.buffer, slot.rowIndices, count);
    for (let i = 0; i < count; i++) indices[i] = rowAt(i);
  }

  #streamRows(slot: SlotLayout, rows: RowRange, rowBytes: number, out: Block): void {
    this.#exports.streamRows(
      slot.key,
      slot.rowIndices + rows.first * 4,
      rows.count,
      rowBytes,
      out.address,
      out.strideBytes,
      slot.scratch,
    );
  }

  /**
   * Generates a tile of A; of its rows those from `rowCount` on are zero. They are never hashed, but Strassen adds them to
   * others, where anything larger than operands would overflow.
   */
  #streamTile(slot: SlotLayout, first: number, rowCount: number, k: number, tile: number): void {
    const rows = { address: slot.combined, strideBytes: operandStrideBytes(k) };
    const count = Math.max(0, Math.min(TILE_ROWS, rowCount - first));
    const spare = TILE_ROWS - count;
    this.#streamRows(slot, { first, count }, k, rows);
    this.#exports.clear(rows.address + count * rows.strideBytes, spare * rows.strideBytes);
    this.#exports.interleaveRows(rows.address, rows.strideBytes, k, tile);
  }

  /** From row indices to leaves: A, Y1, Y2, hashes. */
  #leavesToHashes(place: WeightsPlace, slot: SlotLayout, attempt: Attempt, rowCount: number): void {
    const { n, k } = attempt.shape;
    const { layer1, layer2 } = packedWeights(place);
    const { requantiseToInt16, requantiseToInt8, hashRows } = this.#exports;
    const tileRows = TILE_ROWS * 2 ** Math.max(layer1.levels, layer2.levels);
    const rows = Math.ceil(rowCount / tileRows) * tileRows;
    const a = { address: slot.a, strideBytes: tileStrideBytes(k) };
    const y1 = { address: slot.y1, strideBytes: tileStrideBytes(n) };
    const sums = { address: slot.sums, panelStrideBytes: rows * SUMS_ROW_BYTES };

    const start = performance.now();
    for (let row = 0; row < rows; row += TILE_ROWS) {
      this.#streamTile(slot, row, rowCount, k, slot.a + (row / TILE_ROWS) * a.strideBytes);
    }
    const streamed = performance.now();
    this.#exports.clear(sums.address, rows * n * 4);
    const combined = slot.combined;
    this.#strassen.multiply(
      { left: a, rowCount: rows, depth: k, columnCount: n, sums, combined },
      layer1,
    );
    requantiseToInt16(
      sums.address,
      sums.panelStrideBytes,
      rows,
      n,
      layer1Shift(k),
      y1.address,
      y1.strideBytes,
    );
    this.#exports.clear(sums.address, rows * n * 4);
    this.#strassen.multiply(
      { left: y1, rowCount: rows, depth: n, columnCount: n, sums, combined },
      layer2,
    );
    requantiseToInt8(sums.address, sums.panelStrideBytes, rows, n, layer2Shift(n), slot.y2, n);
    const multiplied = performance.now();
    hashRows(slot.key, 1, slot.y2, n, rowCount, n, slot.hashes, slot.scratch);
    const hashed = performance.now();
    this.times.streamsMs += streamed - start;
    this.times.gemmMs += multiplied - streamed;
    this.times.hashingMs += hashed - multiplied;
  }

  #foldNodes(slot: SlotLayout, children: number, parentCount: number, out: number): void {
    const bytes = 2 * HASH_BYTES;
    const { initialValue, scratch } = slot;
    this.#exports.hashRows(initialValue, 0, children, bytes, parentCount, bytes, out, scratch);
  }
}
