import { describe, expect, it } from '@jest/globals';
import { flatGrid } from './dispatch.ts';

describe('flatGrid', () => {
  it.each([
    { invocations: 1, grid: [1, 1] },
    { invocations: 65, grid: [2, 1] },
    { invocations: 64 * 65_535, grid: [65_535, 1] },
    { invocations: 64 * 65_535 + 1, grid: [32_768, 2] },
  ])('covers $invocations invocations with $grid workgroups', ({ invocations, grid }) => {
    expect(flatGrid(invocations)).toEqual(grid);
  });
});
