import { beforeAll, describe, expect, it } from '@jest/globals';
import { fcParameters, seededBytes } from '@tops/testing';
import fc from 'fast-check';
import { layerRow } from '../../src/reference/gemm.ts';
import { Arena } from '../../src/wasm/arena.ts';
import {
  compileKernelModule,
  instantiateKernel,
  type KernelExports,
} from '../../src/wasm/kernel-module.ts';
import {
  packedLayerBytes,
  packedRowIndex,
  Strassen,
  SUMS_ROW_BYTES,
  TILE_ROWS,
  type PackedLayer,
} from '../../src/wasm/strassen.ts';

const rowCount = 16;
const packRowCount = 32;

interface Operands {
  readonly left: Int8Array;
  readonly weights: Int8Array;
  readonly depth: number;
  readonly width: number;
  readonly shift: number;
}

/** The plain rows of tiles: the pair of columns 2t, 2t + 1 of row r is word 4t + r of its tile. */
function rowsOfTiles(tiles: Int16Array, width: number): number[] {
  return Array.from(tiles, (_, i) => {
    const row = Math.floor(i / width);
    const column = i % width;
    const word = Math.floor(column / 2) * TILE_ROWS + (row % TILE_ROWS);
    return tiles[(row - (row % TILE_ROWS)) * width + word * 2 + (column % 2)] ?? Number.NaN;
  });
}

describe('the WebAssembly layers', () => {
  const { memory, kernel } = { memory: new Arena().memory, kernel: {} as KernelExports };
  beforeAll(async () => {
    memory.grow(64);
    Object.assign(kernel, instantiateKernel(await compileKernelModule(), memory));
  });

  /** One layer with so many Strassen levels, as rows of int16 and of int8. Working space is full of what an earlier run left. */
  function layer({ left, weights, depth, width, shift }: Operands, levels: number) {
    const strassen = new Strassen(kernel);
    let end = 65_536;
    const take = (byteLength: number): number =>
      (end += Math.ceil(byteLength / 64) * 64) - Math.ceil(byteLength / 64) * 64;
    const leftAt = take(rowCount * depth * 2);
    const rowsAt = take(Math.max(packRowCount * width, rowCount * depth) * 2);
    const combined = take(packRowCount * Math.max(depth, width));
    const packed: PackedLayer = {
      address: take(packedLayerBytes(depth, width, levels)),
      depth,
      columnCount: width,
      levels,
    };
    const sums = {
      address: take(rowCount * width * 4),
      panelStrideBytes: rowCount * SUMS_ROW_BYTES,
    };
    const out16 = take(rowCount * width * 2);
    const out8 = take(rowCount * width);
    const memory16 = new Int16Array(memory.buffer);
    memory16.set(left, rowsAt / 2);
    const tileBytes = TILE_ROWS * depth * 2;
    for (let at = 0; at < rowCount * depth * 2; at += tileBytes) {
      kernel.interleaveRows(rowsAt + at, depth * 2, depth, leftAt + at);
    }
    for (let block = 0; block < depth / packRowCount; block++) {
      for (let i = 0; i < packRowCount; i++) {
        const row = packedRowIndex(packed, { block, rowCount: packRowCount }, i);
        memory16.set(weights.subarray(row * width, (row + 1) * width), rowsAt / 2 + i * width);
      }
      const rows = { address: rowsAt, strideBytes: width * 2 };
      strassen.pack({ rows, rowCount: packRowCount, block, combined }, packed);
    }
    kernel.clear(sums.address, rowCount * width * 4);
    strassen.multiply(
      {
        left: { address: leftAt, strideBytes: tileBytes },
        rowCount,
        depth,
        columnCount: width,
        sums,
        combined,
      },
      packed,
    );
    const from = [sums.address, sums.panelStrideBytes, rowCount, width, shift] as const;
    kernel.requantiseToInt16(...from, out16, TILE_ROWS * width * 2);
    kernel.requantiseToInt8(...from, out8, width);
    const count = rowCount * width;
    return {
      int16: rowsOfTiles(new Int16Array(memory.buffer, out16, count), width),
      int8: [...new Int8Array(memory.buffer, out8, count)],
    };
  }

  function expected({ left, weights, depth, width, shift }: Operands) {
    return Array.from({ length: rowCount }, (_, row) => [
      ...layerRow(left.subarray(row * depth, (row + 1) * depth), weights, width, shift),
    ]).flat();
  }

  it.each([0, 1, 2])('equal the reference on random operands with %i Strassen levels', (levels) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }).map((count) => count * 32),
        fc.integer({ min: 1, max: 5 }).map((count) => count * 64),
        fc.integer({ min: 0, max: 20 }),
        fc.nat(),
        (depth, width, shift, seed) => {
          const left = new Int8Array(seededBytes(seed, rowCount * depth).buffer);
          const weights = new Int8Array(seededBytes(seed + 1, depth * width).buffer);
          const operands = { left, weights, depth, width, shift };
          const got = layer(operands, levels);
          const want = expected(operands);
          expect(got.int16).toEqual(want);
          expect(got.int8).toEqual(want);
        },
      ),
      fcParameters(30),
    );
  });

  // Lanes at the ends of their range: products of 2^14 in every step, sums far beyond int16, saturation on both sides.
  describe.each([0, 1, 2])('with %i Strassen levels', (levels) => {
    it.each([
      { a: -128, w: -128, shift: 0, value: 127 },
      { a: -128, w: 127, shift: 0, value: 0 },
      { a: -128, w: -128, shift: 24, value: 1 },
      { a: 127, w: 127, shift: 18, value: 63 },
      { a: 127, w: -128, shift: 24, value: 0 },
      { a: 0, w: -128, shift: 0, value: 0 },
    ])(
      'keep $a · $w over a depth of 1024 exact: >> $shift gives $value',
      ({ a, w, shift, value }) => {
        const left = new Int8Array(rowCount * 1024).fill(a);
        const weights = new Int8Array(1024 * 64).fill(w);
        const got = layer({ left, weights, depth: 1024, width: 64, shift }, levels);
        expect(got.int16).toEqual(new Array(rowCount * 64).fill(value));
        expect(got.int8).toEqual(new Array(rowCount * 64).fill(value));
      },
    );

    // Neighbouring blocks of opposite ends: the sums and differences that Strassen multiplies are the largest there are.
    it('keep blocks of opposite signs exact', () => {
      const [depth, width] = [1024, 64];
      const blockSign = (row: number, column: number, rowBlocks: number, columnBlocks: number) =>
        (Math.floor(row / (rowBlocks / 4)) + Math.floor(column / (columnBlocks / 4))) % 2 === 0
          ? -128
          : 127;
      const left = Int8Array.from({ length: rowCount * depth }, (_, i) =>
        blockSign(Math.floor(i / depth), i % depth, rowCount, depth),
      );
      const weights = Int8Array.from({ length: depth * width }, (_, i) =>
        blockSign(Math.floor(i / width), i % width, depth, width),
      );
      const operands = { left, weights, depth, width, shift: 18 };
      expect(layer(operands, levels).int16).toEqual(expected(operands));
    });
  });
});
