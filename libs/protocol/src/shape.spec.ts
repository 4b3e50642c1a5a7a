import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fcParameters, protocolVectors } from '@tops/testing';
import {
  OPS_UNIT,
  type Shape,
  defaultLimits,
  opsToUnits,
  shapeLimitsProblem,
  shapeOps,
  shapeProblem,
  unitsToOps,
} from './index.ts';

const base: Shape = { m: 4096, n: 1024, k: 1024 };
const multiples = (max: number) => fc.integer({ min: 1, max: max / 64 }).map((i) => i * 64);
const validShapes = fc.record({
  m: multiples(2 ** 24),
  n: fc.oneof(multiples(1024), fc.constantFrom(2048, 4096, 8192, 16_384)),
  k: multiples(16_384),
});

describe('shapeProblem', () => {
  it.each<[string, Partial<Shape>, string]>([
    ['m 0', { m: 0 }, 'sizes.m'],
    ['m 32', { m: 32 }, 'sizes.m'],
    ['m 65', { m: 65 }, 'sizes.m'],
    ['m 2^24 + 64', { m: 2 ** 24 + 64 }, 'sizes.m'],
    ['m negative', { m: -64 }, 'sizes.m'],
    ['m a fraction', { m: 64.5 }, 'sizes.m'],
    ['m NaN', { m: Number.NaN }, 'sizes.m'],
    ['n 0', { n: 0 }, 'sizes.n'],
    ['n 96', { n: 96 }, 'sizes.n'],
    ['n 1088', { n: 1088 }, 'sizes.n'],
    ['n 3072', { n: 3072 }, 'sizes.n'],
    ['n 32768', { n: 32_768 }, 'sizes.n'],
    ['k 0', { k: 0 }, 'sizes.k'],
    ['k 100', { k: 100 }, 'sizes.k'],
    ['k 16448', { k: 16_448 }, 'sizes.k'],
  ])('refuses %s', (_name, change, field) => {
    expect(shapeProblem(base)).toBeUndefined();
    expect(shapeProblem({ ...base, ...change })).toMatchObject({ code: 'shape_invalid', field });
  });

  it('takes the corners of the rules', () => {
    for (const m of [64, 2 ** 24]) {
      for (const n of [64, 960, 1024, 2048, 4096, 8192, 16_384]) {
        for (const k of [64, 1088, 16_384]) expect(shapeProblem({ m, n, k })).toBeUndefined();
      }
    }
    for (const { sizes } of protocolVectors) expect(shapeProblem(sizes)).toBeUndefined();
  });
});

describe('ops', () => {
  it('are 2mn(k + n)', () => {
    expect(shapeOps({ m: 16_384, n: 1024, k: 512 })).toBe(2n * 16_384n * 1024n * 1536n);
    expect(shapeOps({ m: 2 ** 24, n: 16_384, k: 16_384 })).toBe(2n ** 54n);
    expect(shapeOps({ m: 64, n: 64, k: 64 })).toBe(2n * OPS_UNIT);
  });

  it('are whole units for every valid shape, and come back from them', () => {
    fc.assert(
      fc.property(validShapes, (shape) => {
        expect(shapeProblem(shape)).toBeUndefined();
        const units = opsToUnits(shapeOps(shape));
        expect(Number.isSafeInteger(units)).toBe(true);
        expect(unitsToOps(units)).toBe(shapeOps(shape));
      }),
      fcParameters(),
    );
  });

  it('refuse what is no whole unit or not exact', () => {
    expect(opsToUnits(0n)).toBe(0);
    expect(() => opsToUnits(OPS_UNIT - 1n)).toThrow(RangeError);
    expect(() => opsToUnits(-OPS_UNIT)).toThrow(RangeError);
    expect(() => opsToUnits(OPS_UNIT * 2n ** 53n)).toThrow(RangeError);
    expect(opsToUnits(OPS_UNIT * (2n ** 53n - 1n))).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => unitsToOps(-1)).toThrow(RangeError);
    expect(() => unitsToOps(0.5)).toThrow(RangeError);
    expect(() => unitsToOps(2 ** 53)).toThrow(RangeError);
  });
});

describe('shapeLimitsProblem', () => {
  it('holds m to min_rows', () => {
    expect(shapeLimitsProblem({ ...base, m: 4096 }, defaultLimits)).toBeUndefined();
    expect(shapeLimitsProblem({ ...base, m: 4032 }, defaultLimits)).toMatchObject({
      code: 'shape_below_min_rows',
      field: 'sizes.m',
    });
  });

  it('holds k·n + n·n to max_weights', () => {
    // 4096·4096 + 4096·4096 is 2^25 exactly.
    expect(shapeLimitsProblem({ m: 4096, n: 4096, k: 4096 }, defaultLimits)).toBeUndefined();
    expect(shapeLimitsProblem({ m: 4096, n: 4096, k: 4160 }, defaultLimits)).toMatchObject({
      code: 'shape_over_limit',
      field: 'sizes',
    });
  });
});
