import { describe, expect, it } from '@jest/globals';
import { SharedBudget } from './shared-budget.ts';

describe('SharedBudget', () => {
  it('bounds the whole, and the part of one address', () => {
    const budget = new SharedBudget({ max: 10, maxPerAddress: 6 });
    expect(budget.take('a', 6)).toBe(true);
    expect(budget.take('a', 1)).toBe(false);
    expect(budget.take('b', 5)).toBe(false);
    expect(budget.take('b', 4)).toBe(true);
    budget.give('a', 6);
    expect(budget.take('a', 6)).toBe(true);
  });
});
