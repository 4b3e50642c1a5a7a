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

const rowCount = 8;
const leftAddress = 65_536;

describe('the WebAssembly layers', () => {
  const { memory, kernel } = { memory: new Arena().memory, kernel: {} as KernelExports };
  beforeAll(async () => {
    memory.grow(64);
    Object.assign(kernel, instantiateKernel(await compileKernelModule(), memory));
  });

  /** Both layers' functions over the same operands, as rows of int8. */
  function layers(
    left: Int8Array,
    weights: Int8Array,
    depth: number,
    width: number,
    shift: number,
  ) {
    const rows = leftAddress + rowCount * depth * 2;
    const packed = rows + depth * width * 2;
    const out16 = packed + depth * width * 2;
    const out8 = out16 + rowCount * width * 2;
    new Int16Array(memory.buffer).set(left, leftAddress / 2);
    new Int16Array(memory.buffer).set(weights, rows / 2);
    kernel.packRows(rows, width * 2, depth, width, packed, depth * 16);
    const operands = [leftAddress, depth * 2, rowCount, depth, packed, depth * 16, width] as const;
    kernel.gemmToInt16(...operands, out16, width * 2, shift);
    kernel.gemmToInt8(...operands, out8, width, shift);
    const count = rowCount * width;
    return {
      int16: [...new Int16Array(memory.buffer, out16, count)],
      int8: [...new Int8Array(memory.buffer, out8, count)],
    };
  }

  function expected(
    left: Int8Array,
    weights: Int8Array,
    depth: number,
    width: number,
    shift: number,
  ) {
    return Array.from({ length: rowCount }, (_, row) => [
      ...layerRow(left.subarray(row * depth, (row + 1) * depth), weights, width, shift),
    ]).flat();
  }

  it('equal the reference on random operands', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }).map((count) => count * 8),
        fc.integer({ min: 1, max: 6 }).map((count) => count * 8),
        fc.integer({ min: 0, max: 20 }),
        fc.nat(),
        (depth, width, shift, seed) => {
          const left = new Int8Array(seededBytes(seed, rowCount * depth).buffer);
          const weights = new Int8Array(seededBytes(seed + 1, depth * width).buffer);
          const got = layers(left, weights, depth, width, shift);
          const want = expected(left, weights, depth, width, shift);
          expect(got.int16).toEqual(want);
          expect(got.int8).toEqual(want);
        },
      ),
      fcParameters(60),
    );
  });

  // Lanes at the ends of their range: products of 2^14 in every step, sums far beyond int16, saturation on both sides.
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
      const weights = new Int8Array(1024 * 16).fill(w);
      const got = layers(left, weights, 1024, 16, shift);
      expect(got.int16).toEqual(new Array(rowCount * 16).fill(value));
      expect(got.int8).toEqual(new Array(rowCount * 16).fill(value));
    },
  );
});
