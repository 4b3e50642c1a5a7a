/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { fcParameters, seededBytes } from '@tops/testing';
import fc from 'fast-check';
import { describeGpu, openTestDevice } from '../test/gpu.ts';
import { runDispatch, storageBuffer } from '../test/run-dispatch.ts';
import {
  GemmPath,
  defaultTiles,
  dot4Variant,
  plainVariant,
  softwareTile,
  type GemmVariant,
} from './gemm-path.ts';
import { gemm, type GemmOperands } from './twins/gemm.ts';

const { session } = await openTestDevice();

// Compiling takes SwiftShader far longer than running.
const compiled = new Map<GemmVariant, GemmPath>();

async function onDevice(variant: GemmVariant, operands: GemmOperands): Promise<Int8Array> {
  const path = compiled.get(variant) ?? (await GemmPath.compile(session(), variant));
  compiled.set(variant, path);
  const { depth, shift } = operands;
  const rowCount = operands.left.length / depth;
  const columnCount = operands.weights.length / depth;
  const result = storageBuffer(session(), rowCount * columnCount);
  const left = storageBuffer(session(), operands.left);
  const weights = storageBuffer(session(), operands.weights);
  const bytes = await runDispatch(session(), result, (params) =>
    path.layer(params, { rowCount, columnCount, depth, shift, left, weights, result }),
  );
  return new Int8Array(bytes.buffer);
}

const seededInt8 = (seed: number, length: number): Int8Array =>
  new Int8Array(seededBytes(seed, length).buffer);

const variants = [
  plainVariant,
  ...defaultTiles.map(dot4Variant),
  dot4Variant(softwareTile),
  dot4Variant({ TM: 2, TN: 12, TK: 128, WG_M: 4, WG_N: 4 }),
  dot4Variant({ TM: 4, TN: 16, TK: 16, WG_M: 8, WG_N: 4 }),
];

describeGpu.each(variants.map((variant) => ({ name: variant.label, variant })))(
  'a layer by $name',
  ({ variant }) => {
    it('equals the twin on random operands', async () => {
      const sizes = fc.integer({ min: 1, max: 4 }).map((count) => count * 64);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 70 }),
          sizes,
          sizes,
          fc.integer({ min: 0, max: 20 }),
          fc.nat(),
          async (rowCount, columnCount, depth, shift, seed) => {
            const left = seededInt8(seed, rowCount * depth);
            const weights = seededInt8(seed + 1, columnCount * depth);
            const operands = { left, weights, depth, shift };
            expect(await onDevice(variant, operands)).toEqual(gemm(operands));
          },
        ),
        fcParameters(4),
      );
    });

    // Lanes at the ends of their range: the largest sums there are, and saturation on both sides.
    it.each([
      { name: 'all -128', depth: 16_384, a: [-128], w: [-128], shift: 24, value: 16 },
      { name: 'all 127', depth: 1024, a: [127], w: [127], shift: 19, value: 31 },
      { name: 'opposite ends', depth: 1024, a: [-128], w: [127], shift: 20, value: 0 },
      { name: 'saturating', depth: 1024, a: [-128], w: [-128], shift: 0, value: 127 },
      { name: 'alternating', depth: 1024, a: [-128, 127], w: [127, -128], shift: 0, value: 0 },
      { name: 'same phase', depth: 1024, a: [-128, 127], w: [-128, 127], shift: 19, value: 31 },
      { name: 'zero rows', depth: 1024, a: [0], w: [-128], shift: 0, value: 0 },
    ])('is exact over a depth of $depth: $name', async ({ depth, a, w, shift, value }) => {
      const fill = (lanes: readonly number[], count: number): Int8Array =>
        new Int8Array(count * depth).map((_, i) => lanes[i % lanes.length] ?? 0);
      const operands = { left: fill(a, 5), weights: fill(w, 16), depth, shift };
      const got = await onDevice(variant, operands);
      expect([...new Set(got)]).toEqual([value]);
    });

    it('floors negative sums', async () => {
      const left = new Int8Array(64).fill(-1);
      const weights = new Int8Array(64 * 64);
      for (let j = 0; j < 64; j++) weights[j * 64] = j - 32;
      const operands = { left, weights, depth: 64, shift: 3 };
      expect(await onDevice(variant, operands)).toEqual(gemm(operands));
    });
  },
);

describe('dot4Variant', () => {
  const good = { TM: 8, TN: 8, TK: 64, WG_M: 16, WG_N: 16 };
  it.each([{ TN: 6 }, { TN: 20 }, { TM: 16 }, { TK: 24 }, { WG_M: 0 }, { WG_N: 1.5 }])(
    'refuses %p',
    (change) => {
      expect(() => dot4Variant({ ...good, ...change })).toThrow(RangeError);
      expect(dot4Variant(good).workgroupRows).toBe(128);
    },
  );
});
