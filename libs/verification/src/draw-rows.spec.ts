import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { seededRandomBelow } from '../test/seeded-random.ts';
import { drawRows, shuffled, type RandomBelow } from './draw-rows.ts';

/** Calls `draw` once for every sequence of answers randomBelow can give. */
function forEveryAnswer(draw: (randomBelow: RandomBelow) => void): void {
  const answers: number[] = [];
  for (;;) {
    const bounds: number[] = [];
    draw((max) => {
      bounds.push(max);
      return (answers[bounds.length - 1] ??= 0);
    });
    let last = answers.length - 1;
    while (last >= 0 && answers[last] === bounds[last]! - 1) last--;
    if (last < 0) return;
    answers.length = last + 1;
    answers[last]!++;
  }
}

function tally(names: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Pearson's statistic against equal counts, over all `cells` cells. */
function chiSquare(counts: Map<string, number>, cells: number, draws: number): number {
  const expected = draws / cells;
  let statistic = (cells - counts.size) * expected;
  for (const count of counts.values()) statistic += (count - expected) ** 2 / expected;
  return statistic;
}

describe('drawRows', () => {
  it('draws every set equally often over all random answers', () => {
    for (const [m, count, sets] of [
      [6, 3, 20],
      [5, 1, 5],
      [5, 4, 5],
      [4, 4, 1],
    ] as const) {
      const drawn: string[] = [];
      forEveryAnswer((randomBelow) => drawn.push(drawRows({ m, count }, { randomBelow }).join()));
      const counts = tally(drawn);
      expect(counts.size).toBe(sets);
      expect(new Set(counts.values()).size).toBe(1);
    }
  });

  it('draws sets uniformly from a random source, which the statistic would notice', () => {
    // 8 choose 3 = 56 sets: 55 degrees of freedom, standard deviation sqrt(110); five of them above is out of reach by chance.
    const draws = 11_200;
    const limit = 55 + 5 * Math.sqrt(110);
    const statisticOf = (randomBelow: RandomBelow) => {
      const sets = Array.from({ length: draws }, () =>
        drawRows({ m: 8, count: 3 }, { randomBelow }).join(),
      );
      return chiSquare(tally(sets), 56, draws);
    };
    const fair = seededRandomBelow(11);
    expect(statisticOf(fair)).toBeLessThan(limit);
    // The control: a source that leans to low numbers by a tenth.
    const leaning: RandomBelow = (max) =>
      Math.floor(fair(max * 1000) ** 1.1 / (max * 1000) ** 0.1 / 1000);
    expect(statisticOf(leaning)).toBeGreaterThan(limit);
  });

  it('draws each of many rows equally often', () => {
    const m = 4096;
    const count = 64;
    const draws = 1_600;
    const randomBelow = seededRandomBelow(12);
    const rows = Array.from({ length: draws }, () =>
      drawRows({ m, count }, { randomBelow }).map(String),
    ).flat();
    const statistic = chiSquare(tally(rows), m, draws * count);
    // Without replacement the counts vary less, by 1 - count/m, over m - 1 degrees of freedom.
    const degrees = m - 1;
    expect(Math.abs(statistic / (1 - count / m) - degrees)).toBeLessThan(
      5 * Math.sqrt(2 * degrees),
    );
  });

  it('gives ascending distinct rows below m, as many as asked, whatever the source', () => {
    const input = fc
      .integer({ min: 1, max: 2 ** 24 })
      .chain((m) => fc.tuple(fc.constant(m), fc.integer({ min: 1, max: Math.min(m, 64) })));
    fc.assert(
      fc.property(
        input,
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        ([m, count], stream) => {
          const randomBelow: RandomBelow = (max) => Math.floor(stream.next().value! * max);
          const rows = drawRows({ m, count }, { randomBelow });
          expect(rows).toHaveLength(count);
          expect(
            rows.every((row, i) => Number.isInteger(row) && row > (rows[i - 1] ?? -1) && row < m),
          ).toBe(true);
        },
      ),
      fcParameters(),
    );
  });

  it('refuses to draw no row, or more rows than there are', () => {
    const randomBelow = seededRandomBelow(13);
    expect(drawRows({ m: 64, count: 64 }, { randomBelow })).toHaveLength(64);
    for (const count of [0, 65, 1.5, Number.NaN]) {
      expect(() => drawRows({ m: 64, count }, { randomBelow })).toThrow(RangeError);
    }
  });
});

describe('shuffled', () => {
  it('gives every order equally often over all random answers', () => {
    const orders: string[] = [];
    forEveryAnswer((randomBelow) => orders.push(shuffled([1, 2, 3, 4], { randomBelow }).join()));
    const counts = tally(orders);
    expect(counts.size).toBe(24);
    expect(new Set(counts.values())).toEqual(new Set([1]));
  });
});
