import { describe, expect, it } from '@jest/globals';
import { OPS_UNIT } from '@tops/protocol';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import {
  auditRows,
  isNewKey,
  NEW_KEY_RECEIPTS,
  nextStreak,
  TRUST_OPS_UNIT_DEFAULT,
} from './reputation.ts';

const policy = { auditRowsMin: 8, auditRowsMax: 64, m: 4096 };
const stepUnits = TRUST_OPS_UNIT_DEFAULT / OPS_UNIT;
const withStreak = (streakUnits: bigint) => ({ accepted: 1_000, streakUnits });

describe('auditRows', () => {
  it('follows the documented table, on both sides of every step', () => {
    const table: [streakUnits: bigint, rows: number][] = [
      [0n, 64],
      [stepUnits - 1n, 64],
      [stepUnits, 32],
      [10n * stepUnits - 1n, 32],
      [10n * stepUnits, 16],
      [100n * stepUnits - 1n, 16],
      [100n * stepUnits, 8],
      [10n ** 18n, 8],
    ];
    for (const [streakUnits, rows] of table) {
      expect([streakUnits, auditRows(withStreak(streakUnits), policy)]).toEqual([
        streakUnits,
        rows,
      ]);
    }
    expect(auditRows(undefined, policy)).toBe(64);
  });

  it('takes another step of trust', () => {
    const quick = { ...policy, trustOpsUnit: OPS_UNIT };
    expect(auditRows(withStreak(1n), quick)).toBe(32);
    expect(auditRows(withStreak(1n), policy)).toBe(64);
  });

  it('stays within the policy and the rows there are, and never grows with trust', () => {
    const bounds = fc
      .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 300 }))
      .map(([auditRowsMin, more]) => ({ auditRowsMin, auditRowsMax: auditRowsMin + more }));
    const streak = fc.bigInt({ min: 0n, max: 200n * stepUnits });
    fc.assert(
      fc.property(bounds, fc.integer({ min: 1, max: 400 }), streak, streak, (range, m, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        const rows = auditRows(withStreak(less), { ...range, m });
        expect(rows).toBeLessThanOrEqual(Math.min(range.auditRowsMax, m));
        expect(rows).toBeGreaterThanOrEqual(Math.min(range.auditRowsMin, m));
        expect(auditRows(withStreak(more), { ...range, m })).toBeLessThanOrEqual(rows);
      }),
      fcParameters(),
    );
  });
});

describe('isNewKey', () => {
  it('holds until a few receipts stand accepted, and again after a rejection', () => {
    expect(isNewKey(undefined)).toBe(true);
    expect(isNewKey({ accepted: NEW_KEY_RECEIPTS - 1, streakUnits: 9n })).toBe(true);
    expect(isNewKey({ accepted: NEW_KEY_RECEIPTS, streakUnits: 9n })).toBe(false);
    expect(isNewKey({ accepted: 10_000, streakUnits: 0n })).toBe(true);
  });
});

describe('nextStreak', () => {
  it('adds accepted units, halves on a miss and ends on a rejection', () => {
    expect(nextStreak(5n, { outcome: 'accepted', units: 6n })).toBe(11n);
    expect(nextStreak(11n, { outcome: 'missed' })).toBe(5n);
    expect(nextStreak(11n, { outcome: 'rejected' })).toBe(0n);
  });
});
