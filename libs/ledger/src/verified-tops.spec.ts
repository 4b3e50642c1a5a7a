import { describe, expect, it } from '@jest/globals';
import { OPS_UNIT } from '@tops/protocol';
import { verifiedTops } from './verified-tops.ts';

describe('verifiedTops', () => {
  it('is 10^12 ops per second of wall time', () => {
    // 60 s at 1 TOPS, in whole units.
    const creditedUnits = (60n * 10n ** 12n) / OPS_UNIT;
    expect(verifiedTops({ creditedUnits, wallTimeMs: 60_000 })).toBeCloseTo(1, 6);
    expect(verifiedTops({ creditedUnits, wallTimeMs: 600_000 })).toBeCloseTo(0.1, 6);
  });

  it('is 0 without credit or before anything was sealed', () => {
    expect(verifiedTops({ creditedUnits: 0n, wallTimeMs: 60_000 })).toBe(0);
    expect(verifiedTops({ creditedUnits: 5n, wallTimeMs: 0 })).toBe(0);
  });
});
