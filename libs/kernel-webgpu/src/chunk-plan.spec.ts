import { describe, expect, it } from '@jest/globals';
import { planChunk } from './chunk-plan.ts';

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
