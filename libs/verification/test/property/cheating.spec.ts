import { describe, expect, it } from '@jest/globals';
import {
  checkProofFold,
  checkReceipt,
  cheatingGain,
  drawRows,
  expectedCreditShare,
  judgeRows,
  renderCheatingTable,
} from '../../src/index.ts';
import { beacon, commitPlainly, EPOCH_ID, plainLeaves, TINY } from '../plain-worker.ts';
import { seededRandomBelow } from '../seeded-random.ts';

const m = 1024;
const CHALLENGES = 100;

/** Chance that q rows drawn without replacement miss all skipped ones. */
function missShare(skippedCount: number, q: number): number {
  let share = 1;
  for (let i = 0; i < q; i++) share *= (m - skippedCount - i) / (m - i);
  return share;
}

describe('a worker that skips rows', () => {
  // Real receipts, drawn, opened, folded and recomputed; the worker leaves unanswered what it cannot answer.
  it.each([
    [1, 0.001],
    [10, 0.01],
    [102, 0.1],
  ])(
    'keeps no more credit than the table says, skipping %i of 1024 rows',
    async (skippedCount, f) => {
      const randomBelow = seededRandomBelow(skippedCount);
      const skippedRows = new Set(drawRows({ m, count: skippedCount }, { randomBelow }));
      const cheat = commitPlainly({ shape: { ...TINY, m }, skippedRows });
      const context = {
        limits: { min_rows: 64, max_weights: 8192 },
        epochs: [{ epochId: EPOCH_ID, prevHash: beacon }],
        currentEpochId: EPOCH_ID,
        allowedKeys: new Set<string>(),
        skipSignatures: false,
      };
      // Nothing about the receipt gives the cheat away: only the challenge does.
      expect(checkReceipt(cheat.parsed, context)).toBeUndefined();

      for (const q of [8, 16, 64]) {
        let credited = 0;
        for (let challenge = 0; challenge < CHALLENGES; challenge++) {
          const rows = drawRows({ m, count: q }, { randomBelow });
          if (rows.some((row) => skippedRows.has(row))) continue;
          const opening = cheat.open(rows);
          expect(checkProofFold({ parsed: cheat.parsed, rows, ...opening })).toBeUndefined();
          const verdict = await judgeRows(
            { attempt: cheat.attempt, rows, leaves: opening.leaves },
            { computeLeaves: plainLeaves, confirmLeaves: plainLeaves, randomBelow },
          );
          if (verdict.outcome === 'accepted') credited++;
        }
        const exact = missShare(skippedCount, q);
        const deviation = Math.sqrt((exact * (1 - exact)) / CHALLENGES);
        expect(Math.abs(credited / CHALLENGES - exact)).toBeLessThan(4 * deviation);
        const claimed = expectedCreditShare({ skippedShare: skippedCount / m, challengeRows: q });
        expect(exact).toBeLessThanOrEqual(claimed);
        expect(claimed).toBeCloseTo(expectedCreditShare({ skippedShare: f, challengeRows: q }), 1);
      }
    },
    60_000,
  );

  it('is rejected when it answers for a skipped row all the same', async () => {
    const cheat = commitPlainly({ skippedRows: new Set([5]) });
    const rows = [4, 5, 6];
    const opening = cheat.open(rows);
    expect(checkProofFold({ parsed: cheat.parsed, rows, ...opening })).toBeUndefined();
    const verdict = await judgeRows(
      { attempt: cheat.attempt, rows, leaves: opening.leaves },
      {
        computeLeaves: plainLeaves,
        confirmLeaves: plainLeaves,
        randomBelow: seededRandomBelow(1),
      },
    );
    expect(verdict).toEqual({ outcome: 'rejected', row: 5 });
  });
});

describe('the cheating table', () => {
  it('gives the losses the protocol states', () => {
    const lossOf = (challengeRows: number) => -cheatingGain({ skippedShare: 0.001, challengeRows });
    // docs/protocol.md, "What is proven": f = 0.1 % costs 0.7 % at q = 8 and 6.1 % at q = 64.
    expect(lossOf(8)).toBeCloseTo(0.007, 3);
    expect(lossOf(64)).toBeCloseTo(0.061, 3);
  });

  it('never shows a gain', () => {
    for (let f = 0; f < 1; f += 0.01) {
      for (const challengeRows of [1, 8, 64]) {
        expect(cheatingGain({ skippedShare: f, challengeRows })).toBeLessThanOrEqual(1e-12);
      }
    }
  });

  it('renders one row for each share and number of rows', () => {
    expect(renderCheatingTable()).toMatchInlineSnapshot(`
      "| rows skipped | rows asked | credit kept | gain per work done | a receipt answered | all 100 answered | all 10 000 answered |
      | -----------: | ---------: | ----------: | -----------------: | -----------------: | ---------------: | ------------------: |
      |        0.1 % |          8 |      99.2 % |             −0.7 % |             99.2 % |           44.9 % |              10^-35 |
      |        0.1 % |         16 |      98.4 % |             −1.5 % |             98.4 % |           20.2 % |              10^-70 |
      |        0.1 % |         64 |      93.8 % |             −6.1 % |             93.8 % |            0.2 % |             10^-278 |
      |          1 % |          8 |      92.3 % |             −6.8 % |             92.3 % |            10^-3 |           < 10^-300 |
      |          1 % |         16 |      85.1 % |            −14.0 % |             85.1 % |            10^-7 |           < 10^-300 |
      |          1 % |         64 |      52.6 % |            −46.9 % |             52.6 % |           10^-28 |           < 10^-300 |
      |         10 % |          8 |      43.0 % |            −52.2 % |             43.0 % |           10^-37 |           < 10^-300 |
      |         10 % |         16 |      18.5 % |            −79.4 % |             18.5 % |           10^-73 |           < 10^-300 |
      |         10 % |         64 |       0.1 % |            −99.9 % |              0.1 % |          10^-293 |           < 10^-300 |
      "
    `);
  });
});
