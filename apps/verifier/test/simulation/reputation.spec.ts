import { beforeAll, describe, expect, it } from '@jest/globals';
import { NEW_KEY_RECEIPTS } from '@tops/ledger';
import { cast, EPOCH_COUNT } from './cast.ts';
import { play, playAll, type Outcome, type Play } from './play.ts';

let outcomes: Play;

beforeAll(() => {
  outcomes = playAll();
}, 120_000);

const rowsOf = ({ challenges }: Outcome) => challenges.map(({ rowCount }) => rowCount);
const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the rule against simulated workers', () => {
  it('trusts an honest worker in the end, and never holds anything against it', () => {
    const { honest } = outcomes;
    expect(honest).toMatchObject({ creditPerWork: 1, creditPerMachine: 1 });
    expect(honest).toMatchObject({ rejected: 0, missed: 0, keyCount: 1 });
    const rows = rowsOf(honest);
    expect(rows[0]).toBe(64);
    expect(rows.at(-1)).toBe(8);
    expect([...new Set(rows)]).toEqual([64, 32, 16, 8]);
    const states = honest.challenges.map(({ state }) => state);
    expect(states.slice(0, NEW_KEY_RECEIPTS)).toEqual(Array(NEW_KEY_RECEIPTS).fill('new'));
    expect(new Set(states.slice(NEW_KEY_RECEIPTS))).toEqual(new Set(['active']));
  });

  it('leaves a flaky worker nearly all of its credit, its room, and its key', () => {
    const { flaky } = outcomes;
    expect(flaky.creditPerWork).toBeGreaterThan(0.94);
    expect(flaky.creditPerMachine).toBeCloseTo(flaky.creditPerWork, 3);
    expect(flaky).toMatchObject({ rejected: 0, keyCount: 1 });
    const { challenges } = flaky;
    const settled = challenges.slice(10 * NEW_KEY_RECEIPTS);
    expect(new Set(settled.map(({ state }) => state))).toEqual(new Set(['active']));
    const roomShare = meanOf(settled.map(({ maxOpen }) => maxOpen)) / 32;
    expect(roomShare).toBeGreaterThan(0.99);
  });

  const cheats = Object.entries(cast)
    .filter(([, { isCheat }]) => isCheat)
    .map(([key, { name }]) => [name, key as keyof Play] as const);

  it.each(cheats)('%s: earns less for each op done than an honest worker', (_name, key) => {
    const { creditPerWork, creditPerMachine } = outcomes[key];
    // Five standard deviations and more below 1: 10 000 receipts and more, of which 6 % are lost at least.
    expect(creditPerWork).toBeLessThan(0.96);
    // Nor does doing more receipts in the time that is saved make up for it.
    expect(creditPerMachine).toBeLessThan(0.96);
  });

  it('says the same of other seeds, where the margin is least', () => {
    for (const seed of [1, 2, 3]) {
      expect(play(cast.lazyThousandth, seed).creditPerWork).toBeLessThan(0.96);
      expect(play(cast.sleeper, seed).creditPerWork).toBeLessThan(0.96);
    }
  }, 120_000);

  it('does not let a key live on trust it earned before: the misses of its cheating use it up', () => {
    const rows = rowsOf(outcomes.sleeper);
    expect(rows[0]).toBe(8);
    expect(meanOf(rows.slice(rows.length / 2))).toBeGreaterThan(60);
    // At the least audit all along it would have lost 0.7 %.
    expect(1 - outcomes.sleeper.creditPerWork).toBeGreaterThan(5 * 0.007);
  });

  it('trusts no large receipt on the strength of small ones', () => {
    // What it showed is 39 of its large receipts; by a fixed step of trust it would be asked for 8 rows.
    expect(rowsOf(outcomes.sleeperLarge)[0]).toBe(16);
    // 20 000 accepted receipts, and not one step of trust in all of them.
    expect(rowsOf(outcomes.pennySaver)[0]).toBe(64);
  });

  it('keeps whoever answers wrongly out, and looks at them the closest when they come back', () => {
    for (const { challenges, rejected, creditPerMachine } of [
      outcomes.bluntThousandth,
      outcomes.bluntTenth,
    ]) {
      expect(creditPerMachine).toBeLessThan(0.05);
      // 60, 120 and 240 epochs fill the 400: three times is all there is room for.
      expect(rejected).toBeLessThanOrEqual(3);
      expect(rejected).toBeGreaterThan(1);
      const back = challenges.filter(({ state }) => state === 'probation');
      expect(back.length).toBeGreaterThan(0);
      expect(new Set(back.map(({ rowCount }) => rowCount))).toEqual(new Set([64]));
      expect(new Set(back.map(({ maxOpen }) => maxOpen))).toEqual(new Set([4]));
      expect(challenges.map(({ state }) => state)).not.toContain('quarantined');
    }
  });

  it('forgives a key that was honest before and ever after, but gives it back no trust', () => {
    const honest = cast.honest.behaviourIn(0);
    const { challenges, rejected } = play({
      ...cast.honest,
      behaviourIn: (epochId) =>
        epochId === 100 ? { ...honest, skippedShare: 0.9, whenCaught: 'answer' } : honest,
      cheatsFromEpoch: 101,
    });
    expect(rejected).toBe(1);
    const back = challenges.filter(({ state }) => state === 'probation');
    expect(back[0]?.epochId).toBe(160);
    expect(back.at(-1)?.epochId).toBe(169);
    expect(new Set(back.map(({ rowCount }) => rowCount))).toEqual(new Set([64]));
    // From then on what it did in those ten epochs counts: 500 ordinary receipts are more than one step of trust.
    const after = challenges.filter(({ epochId }) => epochId >= 170);
    expect(after[0]).toMatchObject({ epochId: 170, state: 'active', maxOpen: 32, rowCount: 32 });
    expect(challenges.at(-1)).toMatchObject({ epochId: EPOCH_COUNT - 1, rowCount: 8 });
  });

  it('gives new keys for old nothing: every one of a ring is asked for the most', () => {
    const { ring } = outcomes;
    expect(ring.keyCount).toBeGreaterThan(1_000);
    expect(meanOf(rowsOf(ring))).toBeGreaterThan(63.9);
  });
});
