import { describe, expect, it } from '@jest/globals';
import { retainedTreeLayout } from '@tops/kernel-spec';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { planChunk, type ChunkLimits } from './chunk-plan.ts';

const limits = {
  maxBufferBytes: 2 ** 30,
  usualBufferBytes: 2 ** 25,
  largeBufferBytes: 2 ** 28,
  busyOps: 2 ** 30,
  maxRows: 65_535 * 128,
  maxOps: 2 ** 40,
};

describe('planChunk', () => {
  it.each([
    { shape: { m: 64, n: 64, k: 64 }, chunkRows: 64 },
    { shape: { m: 2 ** 24, n: 1024, k: 1024 }, chunkRows: 32_768 },
    { shape: { m: 2 ** 24, n: 64, k: 960 }, chunkRows: 34_944 },
    { shape: { m: 2 ** 24, n: 16_384, k: 16_384 }, chunkRows: 1024 },
  ])('takes $chunkRows rows of $shape at once', ({ shape, chunkRows }) => {
    expect(planChunk(shape, limits).chunkRows).toBe(chunkRows);
  });

  it('bounds the work of a submission', () => {
    const shape = { m: 2 ** 20, n: 1024, k: 1024 };
    expect(planChunk(shape, { ...limits, maxOps: 2 ** 32 }).chunkRows).toBe(1024);
    expect(planChunk(shape, { ...limits, maxOps: 1 }).chunkRows).toBe(64);
  });

  it('keeps to what one dispatch covers', () => {
    const shape = { m: 2 ** 24, n: 64, k: 64 };
    expect(planChunk(shape, limits).chunkRows).toBe(2 ** 19);
    expect(planChunk(shape, { ...limits, maxRows: 65_535 * 8 }).chunkRows).toBe(65_535 * 8 - 56);
  });

  it('grows chunks on a fast device, up to the bound', () => {
    const shape = { m: 2 ** 20, n: 1024, k: 1024 };
    expect(planChunk(shape, { ...limits, busyOps: 2 ** 38 }).chunkRows).toBe(65_536);
    expect(planChunk(shape, { ...limits, busyOps: 2 ** 45, maxOps: 2 ** 46 }).chunkRows).toBe(
      262_144,
    );
  });

  it('refuses weights beyond a buffer, takes those that fit', () => {
    const small = { ...limits, maxBufferBytes: 2 ** 27 };
    const shape = { m: 64, n: 16_384, k: 64 };
    expect(() => planChunk(shape, small)).toThrow(
      expect.objectContaining({ code: 'shape_unsupported' }),
    );
    expect(planChunk({ ...shape, n: 8192 }, small).chunkRows).toBe(64);
  });
});

describe('device memory', () => {
  const multipleOf64 = (max: number) => fc.integer({ min: 1, max: max / 64 }).map((i) => i * 64);
  const shapes = fc.record({
    m: fc.oneof(multipleOf64(2 ** 24), fc.constant(2 ** 24)),
    n: fc.oneof(multipleOf64(1024), fc.constantFrom(2048, 4096, 8192, 16_384)),
    k: multipleOf64(16_384),
  });
  const anyLimits: fc.Arbitrary<ChunkLimits> = fc.record({
    // From WebGPU's least to NVIDIA's 2 GiB − 4.
    maxBufferBytes: fc.constantFrom(2 ** 27, 2 ** 28, 2 ** 30, 2 ** 31 - 4),
    usualBufferBytes: fc.integer({ min: 1, max: 2 ** 28 }),
    largeBufferBytes: fc.integer({ min: 64, max: 2 ** 29 }),
    busyOps: fc.double({ min: 1, max: 1e18, noNaN: true }),
    maxRows: fc.constantFrom(65_535 * 8, 65_535 * 256),
    maxOps: fc.double({ min: 1, max: 1e18, noNaN: true }),
  });
  /** Bytes a row takes in the largest of its buffers, as chunk-plan.ts reckons; BLAKE3 chunks have up to 1024 bytes. */
  const rowBytes = ({ n, k }: { n: number; k: number }) =>
    Math.max(n, k, Math.max(1, n / 1024) * 64);

  it('of a chunk is bounded by the limits, whatever the shape and however many rows it has', () => {
    fc.assert(
      fc.property(shapes, anyLimits, (shape, all) => {
        if (shape.n * Math.max(shape.n, shape.k) > all.maxBufferBytes) return;
        const plan = planChunk(shape, all);
        const bound = Math.max(
          64 * rowBytes(shape),
          Math.min(all.maxBufferBytes, all.largeBufferBytes),
        );
        for (const bytes of [plan.operandBytes, plan.outputBytes, plan.nodesBytes]) {
          expect(bytes).toBeLessThanOrEqual(bound);
        }
        expect(plan.chunkRows % 64).toBe(0);
        expect(plan.chunkRows).toBeGreaterThanOrEqual(64);
        expect(plan.chunkRows).toBeLessThanOrEqual(Math.min(shape.m, Math.max(64, all.maxRows)));
        // More rows never make larger chunks once there is more than one.
        const twice = { ...shape, m: 2 * shape.m };
        if (plan.chunkRows < shape.m) expect(planChunk(twice, all)).toEqual(plan);
      }),
      fcParameters(500),
    );
  });

  it.each([
    // 32 MiB buffers fill any device; one that is done with them in less than 4 ms gets up to 256 MiB.
    { device: '20 TOPS', opsPerSecond: 20e12, chunkRows: 32_768, workspaceMib: 196 },
    { device: '1 POPS', opsPerSecond: 1e15, chunkRows: 262_144, workspaceMib: 1568 },
  ])(
    'for m = 2^24 at n = k = 1024 is $workspaceMib MiB and trees on a GPU of $device',
    ({ opsPerSecond, chunkRows, workspaceMib }) => {
      const shape = { m: 2 ** 24, n: 1024, k: 1024 };
      const plan = planChunk(shape, {
        ...limits,
        busyOps: opsPerSecond * 0.004,
        maxOps: opsPerSecond * 0.2,
      });
      expect(plan.chunkRows).toBe(chunkRows);
      const workspaceBytes = 2 * (plan.operandBytes + 2 * plan.outputBytes + plan.nodesBytes);
      expect(workspaceBytes / 2 ** 20).toBe(workspaceMib);
      // Of 2^24 leaves the level of 2^18 nodes and those above it are kept.
      const { baseLevel, byteLength } = retainedTreeLayout(shape.m, 2 ** 14);
      expect({ baseLevel, treeMib: Math.round(byteLength / 2 ** 20) }).toEqual({
        baseLevel: 6,
        treeMib: 16,
      });
    },
  );
});
