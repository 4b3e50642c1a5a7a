import { describe, expect, it } from '@jest/globals';
import {
  MISS_SCORE_ALL,
  nextMissScore,
  nextStreak,
  openChallengesMax,
  type WorkerRecord,
} from '../src/index.ts';
import type { SuiteContext } from './ledger-store-conformance.ts';
import {
  acceptMany,
  acceptOne,
  commitInput,
  DEFAULT_UNITS,
  EPOCH_MS,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from './ledger-fixtures.ts';

const LATE_MS = 9e12;

export function describeReputation(context: SuiteContext): void {
  const workerOf = async (key: number): Promise<WorkerRecord | undefined> =>
    context.store().getWorker(publicKeyHexOf(key));
  const commit = (options: { key: number; epochId: number; nonce: number }, limits = {}) =>
    context.store().commitReceipt(commitInput(makeReceipt(options), limits));
  const reject = async (
    options: { key: number; epochId: number; nonce: number },
    quarantine = { fromEpochId: options.epochId, epochCount: 2, cleanEpochs: 2 },
  ) => {
    const receiptId = makeReceipt(options).receiptId;
    expect((await commit(options)).kind).toBe('created');
    const atMs = options.epochId * EPOCH_MS + 500;
    await context.store().settleReceipt({
      ...{ receiptId, outcome: 'rejected', atMs, row: 1, quarantine },
    });
  };
  const missAll = () =>
    context.store().expireChallenges({ nowMs: LATE_MS, answersInFlight: new Map() });

  describe('reputation', () => {
    it('lets a key off probation after its clean epochs, and not for silence or missed answers', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await acceptMany(store, { key: 1, epochId: 1, count: 20 });
      await reject({ key: 1, epochId: 1, nonce: 50 });
      await openEpoch(store, 2);
      await openEpoch(store, 3);
      // Sealed before and at its rejection: nothing that was before the quarantine's end pays anything off.
      await store.sealEpoch({ epochId: 1 });
      await store.sealEpoch({ epochId: 2 });
      expect(await workerOf(1)).toMatchObject({ probationEpochs: 2, state: 'probation' });
      await acceptMany(store, { key: 1, epochId: 3, count: 20 });
      await openEpoch(store, 4);
      await commit({ key: 1, epochId: 4, nonce: 1 });
      await missAll();
      // However many seal it at once: it is paid off once.
      await Promise.all([1, 2, 3].map(() => store.sealEpoch({ epochId: 3 })));
      await store.sealEpoch({ epochId: 3 });
      expect(await workerOf(1)).toMatchObject({ probationEpochs: 1, state: 'probation' });
      await store.sealEpoch({ epochId: 4 });
      await openEpoch(store, 5);
      await store.sealEpoch({ epochId: 5 });
      expect(await workerOf(1)).toMatchObject({ probationEpochs: 1, state: 'probation' });
      await openEpoch(store, 6);
      await acceptOne(store, { key: 1, epochId: 6, nonce: 1 });
      await commit({ key: 1, epochId: 6, nonce: 2 });
      await missAll();
      expect((await workerOf(1))?.state).toBe('probation');
      await store.sealEpoch({ epochId: 6 });
      expect(await workerOf(1)).toMatchObject({ probationEpochs: 0, state: 'active' });
      const standing = { receiptId: '00'.repeat(32), publicKeyHex: publicKeyHexOf(1) };
      expect((await store.getStanding(standing)).reputation).toMatchObject({
        accepted: 21,
        probationEpochs: 0,
      });
    });

    it('pays nothing off with an epoch from before the quarantine that seals after it began', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await acceptOne(store, { key: 1, epochId: 1, nonce: 1 });
      await openEpoch(store, 2);
      await reject({ key: 1, epochId: 2, nonce: 1 });
      await store.sealEpoch({ epochId: 1 });
      expect((await workerOf(1))?.probationEpochs).toBe(2);
    });

    it('leaves the records of everybody else alone as it seals', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await reject({ key: 1, epochId: 1, nonce: 1 });
      await reject({ key: 2, epochId: 1, nonce: 1 });
      await openEpoch(store, 3);
      await acceptOne(store, { key: 1, epochId: 3, nonce: 1 });
      await acceptOne(store, { key: 3, epochId: 3, nonce: 1 });
      await store.sealEpoch({ epochId: 1 });
      await store.sealEpoch({ epochId: 3 });
      expect((await workerOf(1))?.probationEpochs).toBe(1);
      expect((await workerOf(2))?.probationEpochs).toBe(2);
      expect((await workerOf(3))?.probationEpochs).toBe(0);
    });

    it('doubles the quarantine with every rejection, and starts probation anew', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await reject({ key: 1, epochId: 1, nonce: 1 });
      expect(await workerOf(1)).toMatchObject({ quarantinedUntilEpoch: 3, probationEpochs: 2 });
      await openEpoch(store, 3);
      await acceptOne(store, { key: 1, epochId: 3, nonce: 1 });
      await openEpoch(store, 4);
      await store.sealEpoch({ epochId: 1 });
      await store.sealEpoch({ epochId: 3 });
      expect((await workerOf(1))?.probationEpochs).toBe(1);
      await reject({ key: 1, epochId: 4, nonce: 1 });
      expect(await workerOf(1)).toMatchObject({ quarantinedUntilEpoch: 8, probationEpochs: 2 });
      let epochId = 8;
      for (const doublings of [4, 8, 16, 32, 64, 64, 64]) {
        await openEpoch(store, epochId);
        await reject({ key: 1, epochId, nonce: 1 });
        expect((await workerOf(1))?.quarantinedUntilEpoch).toBe(epochId + 2 * doublings);
        epochId += 2 * doublings;
      }
      // CLEAN_EPOCHS was lowered meanwhile: what is owed already stays.
      await openEpoch(store, epochId);
      const term = { fromEpochId: epochId, epochCount: 2, cleanEpochs: 1 };
      await reject({ key: 1, epochId, nonce: 1 }, term);
      expect((await workerOf(1))?.probationEpochs).toBe(2);
    });

    it('counts missed answers as the pure rule does, and never quarantines for them', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await acceptMany(store, { key: 1, epochId: 1, count: 40 });
      let missScore = 0;
      let streakUnits = 40n * DEFAULT_UNITS;
      for (let nonce = 100; nonce < 140; nonce++) {
        await commit({ key: 1, epochId: 1, nonce });
        await missAll();
        missScore = nextMissScore(missScore, 'missed');
        streakUnits = nextStreak(streakUnits, { outcome: 'missed' });
        if (nonce % 10 === 0) {
          expect(await workerOf(1)).toMatchObject({ missScore, streakUnits });
          await acceptOne(store, { key: 1, epochId: 1, nonce: 1000 + nonce });
          missScore = nextMissScore(missScore, 'accepted');
          streakUnits = nextStreak(streakUnits, { outcome: 'accepted', units: DEFAULT_UNITS });
          expect(await workerOf(1)).toMatchObject({ missScore, streakUnits });
        }
      }
      const worker = await workerOf(1);
      expect(worker).toMatchObject({ missed: 40, rejected: 0, probationEpochs: 0 });
      expect(worker).not.toHaveProperty('quarantinedUntilEpoch');
    });

    it('counts the misses of one slice one after the other', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      const limits = { maxOpenNewKey: 32 };
      for (let nonce = 0; nonce < 20; nonce++) await commit({ key: 1, epochId: 1, nonce }, limits);
      await missAll();
      let missScore = 0;
      for (let count = 0; count < 20; count++) missScore = nextMissScore(missScore, 'missed');
      expect((await workerOf(1))?.missScore).toBe(missScore);
    });

    it('shrinks the open challenges of a key that misses many, and of one on probation', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await acceptMany(store, { key: 1, epochId: 1, count: 40 });
      const open = async (key: number, epochId: number, from: number) => {
        let count = 0;
        while ((await commit({ key, epochId, nonce: from + count })).kind === 'created') count++;
        return count;
      };
      expect(await open(1, 1, 100)).toBe(32);
      await missAll();
      const worker = await workerOf(1);
      expect(worker?.missScore).toBeGreaterThan(MISS_SCORE_ALL / 4);
      const expected = openChallengesMax(worker, { maxOpen: 32, maxOpenNewKey: 4 });
      expect(expected).toBeLessThan(32);
      expect(await open(1, 1, 200)).toBe(expected);
      await missAll();
      await acceptMany(store, { key: 2, epochId: 1, count: 40 });
      await reject({ key: 2, epochId: 1, nonce: 60 });
      await openEpoch(store, 3);
      // Accepted after the quarantine, so that nothing but probation holds it back.
      await acceptMany(store, { key: 2, epochId: 3, count: 40 });
      expect(await open(2, 3, 100)).toBe(4);
    });
  });
}
