import { describe, expect, it } from '@jest/globals';
import { OPS_UNIT } from '@tops/protocol';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import {
  assess,
  auditRows,
  isCleanEpoch,
  MISS_SCORE_ALL,
  NEW_KEY_RECEIPTS,
  nextMissScore,
  nextStreak,
  openChallengesMax,
  quarantineEpochs,
  TRUST_OPS_UNIT_DEFAULT,
  workerState,
} from './reputation.ts';

const policy = { auditRowsMin: 8, auditRowsMax: 64, m: 4096 };
const open = { maxOpen: 32, maxOpenNewKey: 4 };
const stepUnits = TRUST_OPS_UNIT_DEFAULT / OPS_UNIT;
const trusted = {
  accepted: 1_000,
  streakUnits: 1_000n * stepUnits,
  missScore: 0,
  probationEpochs: 0,
};
const withStreak = (streakUnits: bigint) => ({ ...trusted, streakUnits });

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

  it('ends at the least of any policy, wherever that is', () => {
    expect(auditRows(trusted, { auditRowsMin: 3, auditRowsMax: 128 })).toBe(3);
    expect(auditRows(trusted, { auditRowsMin: 128, auditRowsMax: 128 })).toBe(128);
  });

  it('takes another step of trust', () => {
    const quick = { ...policy, trustOpsUnit: OPS_UNIT };
    expect(auditRows(withStreak(1n), quick)).toBe(32);
    expect(auditRows(withStreak(1n), policy)).toBe(64);
  });

  it('trusts no receipt that is large against what the key has shown', () => {
    const streakOps = 100n * TRUST_OPS_UNIT_DEFAULT;
    const record = withStreak(streakOps / OPS_UNIT);
    const rowsFor = (receiptOps: bigint) => auditRows(record, { ...policy, receiptOps });
    expect(rowsFor(OPS_UNIT)).toBe(8);
    expect(rowsFor(streakOps / 100n)).toBe(8);
    expect(rowsFor(streakOps / 100n + OPS_UNIT)).toBe(16);
    expect(rowsFor(streakOps / 10n + OPS_UNIT)).toBe(32);
    expect(rowsFor(streakOps)).toBe(32);
    expect(rowsFor(streakOps + OPS_UNIT)).toBe(64);
  });

  it('asks a key on probation for the most, whatever its streak', () => {
    expect(auditRows({ ...trusted, probationEpochs: 1 }, policy)).toBe(64);
    expect(auditRows({ ...trusted, probationEpochs: 0 }, policy)).toBe(8);
  });

  it('asks more of a key that misses answers, on both sides of every step', () => {
    const table: [missed: number, rows: number, open: number][] = [
      [0, 8, 32],
      [MISS_SCORE_ALL / 8 - 1, 8, 32],
      [MISS_SCORE_ALL / 8, 32, 16],
      [MISS_SCORE_ALL / 4 - 1, 32, 16],
      [MISS_SCORE_ALL / 4, 64, 8],
      [MISS_SCORE_ALL / 2 - 1, 64, 8],
      [MISS_SCORE_ALL / 2, 64, 4],
      [MISS_SCORE_ALL, 64, 4],
    ];
    for (const [missScore, rows, openCount] of table) {
      const record = { ...trusted, missScore };
      const found = [missScore, auditRows(record, policy), openChallengesMax(record, open)];
      expect(found).toEqual([missScore, rows, openCount]);
    }
  });

  it('stays within the policy and the rows there are, never grows with trust, never shrinks with misses', () => {
    const bounds = fc
      .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 300 }))
      .map(([auditRowsMin, more]) => ({ auditRowsMin, auditRowsMax: auditRowsMin + more }));
    const pair = <T extends bigint | number>(values: fc.Arbitrary<T>) =>
      fc.tuple(values, values).map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)));
    const input = fc.record({
      bounds,
      m: fc.integer({ min: 1, max: 400 }),
      streaks: pair(fc.bigInt({ min: 0n, max: 200n * stepUnits })),
      scores: pair(fc.nat({ max: MISS_SCORE_ALL })),
      probationEpochs: fc.nat({ max: 1 }),
      receiptOps: fc.bigInt({ min: 0n, max: 2n ** 50n }),
    });
    fc.assert(
      fc.property(input, ({ bounds: range, m, streaks, scores, probationEpochs, receiptOps }) => {
        const rowsOf = (streakUnits: bigint, missScore: number) =>
          auditRows(
            { ...trusted, streakUnits, missScore, probationEpochs },
            { ...range, m, receiptOps },
          );
        const rows = rowsOf(streaks[0], scores[1]);
        expect(rows).toBeLessThanOrEqual(Math.min(range.auditRowsMax, m));
        expect(rows).toBeGreaterThanOrEqual(Math.min(range.auditRowsMin, m));
        expect(rowsOf(streaks[1], scores[1])).toBeLessThanOrEqual(rows);
        expect(rowsOf(streaks[0], scores[0])).toBeLessThanOrEqual(rows);
      }),
      fcParameters(),
    );
  });
});

describe('openChallengesMax', () => {
  it('is that of new keys until a few receipts stand accepted, and on probation', () => {
    expect(openChallengesMax(undefined, open)).toBe(4);
    expect(openChallengesMax({ ...trusted, accepted: NEW_KEY_RECEIPTS - 1 }, open)).toBe(4);
    expect(openChallengesMax({ ...trusted, accepted: NEW_KEY_RECEIPTS }, open)).toBe(32);
    expect(openChallengesMax({ ...trusted, streakUnits: 0n }, open)).toBe(4);
    expect(openChallengesMax({ ...trusted, probationEpochs: 1 }, open)).toBe(4);
  });

  it('is never more than keys of a good record have', () => {
    expect(openChallengesMax(undefined, { maxOpen: 2, maxOpenNewKey: 4 })).toBe(2);
  });
});

describe('workerState', () => {
  it('goes from new to active, and from quarantine over probation back', () => {
    expect(workerState(undefined, 5)).toBe('new');
    expect(workerState({ ...trusted, accepted: 1 }, 5)).toBe('new');
    expect(workerState(trusted, 5)).toBe('active');
    const failed = { ...trusted, probationEpochs: 2, quarantinedUntilEpoch: 7 };
    expect([6, 7, 8].map((epochId) => workerState(failed, epochId))).toEqual([
      ...['quarantined', 'probation', 'probation'],
    ]);
    expect(workerState({ ...failed, probationEpochs: 0 }, 8)).toBe('active');
  });
});

describe('assess', () => {
  it('is the whole rule in one answer', () => {
    const whole = { ...policy, ...open, epochId: 9 };
    expect(assess(undefined, whole)).toEqual({ state: 'new', auditRows: 64, maxOpen: 4 });
    expect(assess(trusted, whole)).toEqual({ state: 'active', auditRows: 8, maxOpen: 32 });
    const failed = { ...trusted, probationEpochs: 1, quarantinedUntilEpoch: 9 };
    expect(assess(failed, whole)).toEqual({ state: 'probation', auditRows: 64, maxOpen: 4 });
  });
});

describe('what outcomes do to a record', () => {
  it('adds accepted units to the streak, halves it on a miss and ends it on a rejection', () => {
    expect(nextStreak(5n, { outcome: 'accepted', units: 6n })).toBe(11n);
    expect(nextStreak(11n, { outcome: 'missed' })).toBe(5n);
    expect(nextStreak(11n, { outcome: 'rejected' })).toBe(0n);
  });

  it('keeps the score of misses within its bounds, and near the share that is missed', () => {
    let score = 0;
    for (let index = 0; index < 5_000; index++) score = nextMissScore(score, 'missed');
    expect(score).toBeLessThanOrEqual(MISS_SCORE_ALL);
    expect(score).toBeGreaterThan(0.99 * MISS_SCORE_ALL);
    for (let index = 0; index < 5_000; index++) {
      score = nextMissScore(score, index % 4 === 0 ? 'missed' : 'accepted');
    }
    expect(score / MISS_SCORE_ALL).toBeCloseTo(0.25, 1);
    for (let index = 0; index < 5_000; index++) score = nextMissScore(score, 'accepted');
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThan(0.001 * MISS_SCORE_ALL);
  });

  it('doubles a quarantine for every earlier rejection, up to a bound', () => {
    const epochs = [0, 1, 2, 5, 6, 7, 1_000].map((rejectedBefore) =>
      quarantineEpochs({ epochCount: 60, rejectedBefore }),
    );
    expect(epochs).toEqual([60, 120, 240, 1_920, 3_840, 3_840, 3_840]);
  });

  it('calls an epoch clean that was worked in and had nothing rejected', () => {
    expect(isCleanEpoch({ accepted: 1, rejected: 0 })).toBe(true);
    expect(isCleanEpoch({ accepted: 0, rejected: 0 })).toBe(false);
    expect(isCleanEpoch({ accepted: 9, rejected: 1 })).toBe(false);
  });
});
