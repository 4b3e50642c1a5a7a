import { describe, expect, it } from '@jest/globals';
import { EVIDENCE_BYTES_MAX } from '../src/index.ts';
import type { SuiteContext } from './ledger-store-conformance.ts';
import {
  acceptOne,
  commitInput,
  DEFAULT_OPS,
  DEFAULT_UNITS,
  EPOCH_MS,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from './ledger-fixtures.ts';

const noneVerifying: ReadonlyMap<string, number> = new Map();

export function describeSettling(context: SuiteContext): void {
  /** Commits a receipt and leaves its challenge open; returns its id. */
  const commitOpen = async (options: {
    key: number;
    epochId: number;
    nonce: number;
    receivedAtMs?: number;
  }): Promise<string> => {
    const { receivedAtMs } = options;
    const parsed = makeReceipt(options);
    const result = await context
      .store()
      .commitReceipt(commitInput(parsed, receivedAtMs === undefined ? {} : { receivedAtMs }));
    expect(result.kind).toBe('created');
    return parsed.receiptId;
  };
  const outcomeOf = async (receiptId: string) =>
    (await context.store().getReceipt(receiptId))?.outcome;

  describe('settling', () => {
    it('credits an accepted receipt at once and only once', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const receiptId = await commitOpen({ key: 1, epochId: 4, nonce: 1 });
      const settle = { receiptId, outcome: 'accepted', atMs: 4 * EPOCH_MS + 9 } as const;
      const results = await Promise.all(
        Array.from({ length: 16 }, () => store.settleReceipt(settle)),
      );
      expect(results.filter((result) => result.kind === 'settled')).toHaveLength(1);
      for (const result of results) {
        expect(result).toMatchObject({
          record: {
            receiptId,
            outcome: 'accepted',
            creditedUnits: DEFAULT_UNITS,
            settledAtMs: settle.atMs,
          },
        });
      }
      expect((await store.getWorker(publicKeyHexOf(1)))?.creditedUnits).toBe(DEFAULT_UNITS);
      const later = await store.settleReceipt({ receiptId, outcome: 'rejected', atMs: 1, row: 1 });
      expect(later).toMatchObject({ kind: 'unchanged', record: { outcome: 'accepted' } });
      const unknown = { ...settle, receiptId: '00'.repeat(32) };
      expect(await store.settleReceipt(unknown)).toEqual({ kind: 'receipt_unknown' });
    });

    it('takes a cheater’s credit of the epoch back, and leaves earlier epochs and other keys alone', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const earlier = await acceptOne(store, { key: 1, epochId: 4, nonce: 1 });
      const openElsewhere = await commitOpen({ key: 1, epochId: 4, nonce: 2 });
      await openEpoch(store, 5);
      const same = await acceptOne(store, { key: 1, epochId: 5, nonce: 1 });
      const honest = await acceptOne(store, { key: 2, epochId: 5, nonce: 1 });
      const openHere = await commitOpen({ key: 1, epochId: 5, nonce: 2 });
      const caught = await commitOpen({ key: 1, epochId: 5, nonce: 3 });
      const evidence = new Uint8Array([1, 2, 3]);
      const result = await store.settleReceipt({
        receiptId: caught,
        outcome: 'rejected',
        atMs: 5 * EPOCH_MS + 500,
        row: 17,
        evidence,
        quarantine: { fromEpochId: 5, epochCount: 3, cleanEpochs: 2 },
      });
      expect(result).toMatchObject({
        kind: 'settled',
        record: { outcome: 'rejected', mismatchRow: 17, creditedUnits: 0n },
      });
      expect(await outcomeOf(earlier)).toBe('accepted');
      expect(await outcomeOf(honest)).toBe('accepted');
      expect(await outcomeOf(same)).toBe('revoked');
      expect(await outcomeOf(openHere)).toBe('revoked');
      expect(await outcomeOf(openElsewhere)).toBe('revoked');
      expect((await store.getReceipt(same))?.creditedUnits).toBe(0n);
      expect(await store.getEvidence(caught)).toEqual(evidence);
      expect(await store.getEvidence(same)).toBeUndefined();
      expect(await store.getWorker(publicKeyHexOf(1))).toMatchObject({
        creditedUnits: DEFAULT_UNITS,
        accepted: 1,
        rejected: 1,
        revoked: 3,
        streakUnits: 0n,
        quarantinedUntilEpoch: 8,
        state: 'quarantined',
      });
      expect(await store.getWorker(publicKeyHexOf(2))).toMatchObject({
        creditedUnits: DEFAULT_UNITS,
        accepted: 1,
      });
      const answered = { receiptId: openHere, outcome: 'accepted', atMs: 5 * EPOCH_MS } as const;
      expect(await store.settleReceipt(answered)).toMatchObject({
        kind: 'unchanged',
        record: { outcome: 'revoked' },
      });
      const entries = await store.epochEntries(5);
      expect(entries.map((entry) => [entry.receipt_id, entry.outcome, entry.credited_ops])).toEqual(
        [
          [same, 'revoked', '0'],
          [honest, 'accepted', DEFAULT_OPS.toString()],
          [openHere, 'revoked', '0'],
          [caught, 'rejected', '0'],
        ],
      );
    });

    it('refuses a quarantined key until the named epoch, and keeps the longer quarantine', async () => {
      const store = context.store();
      await openEpoch(store, 5);
      const answered = makeReceipt({ key: 1, epochId: 5, nonce: 1 });
      await acceptOne(store, { key: 1, epochId: 5, nonce: 1 });
      const reject = async (epochId: number, nonce: number, fromEpochId: number) =>
        store.settleReceipt({
          receiptId: await commitOpen({ key: 1, epochId, nonce }),
          outcome: 'rejected',
          atMs: epochId * EPOCH_MS + 500,
          row: 1,
          quarantine: { fromEpochId, epochCount: 2, cleanEpochs: 1 },
        });
      await reject(5, 2, 5);
      const commit = (key: number, epochId: number) =>
        store.commitReceipt(commitInput(makeReceipt({ key, epochId, nonce: 9 })));
      expect(await commit(1, 5)).toEqual({ kind: 'key_quarantined', untilEpochId: 7 });
      expect((await commit(2, 5)).kind).toBe('created');
      // What is stored already is still answered.
      expect((await store.commitReceipt(commitInput(answered))).kind).toBe('existing');
      await openEpoch(store, 6);
      expect((await commit(1, 6)).kind).toBe('key_quarantined');
      await openEpoch(store, 7);
      expect((await store.getWorker(publicKeyHexOf(1)))?.state).toBe('probation');
      expect((await commit(1, 7)).kind).toBe('created');
      await reject(7, 10, 1);
      expect((await store.getWorker(publicKeyHexOf(1)))?.quarantinedUntilEpoch).toBe(7);
    });

    it('turns challenges past their deadline into missed ones, but those answered in time', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      await acceptOne(store, { key: 1, epochId: 4, nonce: 1 });
      const at = 4 * EPOCH_MS;
      const past = await commitOpen({ key: 1, epochId: 4, nonce: 2, receivedAtMs: at });
      const verifying = await commitOpen({ key: 1, epochId: 4, nonce: 3, receivedAtMs: at });
      const later = await commitOpen({ key: 1, epochId: 4, nonce: 4, receivedAtMs: at + 1 });
      // Deadlines are 10 s after receipt; at the very millisecond an answer is still in time.
      const answersInFlight = new Map([
        [verifying, at + 10_000],
        [past, at + 10_001],
      ]);
      expect(await store.expireChallenges({ nowMs: at + 10_000, answersInFlight })).toBe(0);
      expect(await store.expireChallenges({ nowMs: at + 10_001, answersInFlight })).toBe(1);
      expect(await Promise.all([past, verifying, later].map(outcomeOf))).toEqual([
        'missed',
        'open',
        'open',
      ]);
      expect(await store.getWorker(publicKeyHexOf(1))).toMatchObject({
        accepted: 1,
        missed: 1,
        creditedUnits: DEFAULT_UNITS,
        streakUnits: DEFAULT_UNITS / 2n,
        lastSeenAtMs: at + 150,
      });
      const late = { receiptId: past, outcome: 'accepted', atMs: at + 10_002 } as const;
      expect(await store.settleReceipt(late)).toMatchObject({
        kind: 'unchanged',
        record: { outcome: 'missed', creditedUnits: 0n },
      });
      const all = { nowMs: at + 99_999, answersInFlight: noneVerifying };
      expect(await store.expireChallenges(all)).toBe(2);
      expect(await store.countOpen()).toBe(0);
    });

    it('expires more challenges than one slice takes', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const inputs = Array.from({ length: 1_201 }, (_, nonce) =>
        commitInput(makeReceipt({ key: nonce % 40, epochId: 4, nonce }), { maxOpenNewKey: 32 }),
      );
      await Promise.all(inputs.map((input) => store.commitReceipt(input)));
      const answersInFlight = new Map([[inputs[700]!.parsed.receiptId, 0]]);
      const nowMs = 5 * EPOCH_MS;
      expect(await store.expireChallenges({ nowMs, answersInFlight })).toBe(1_200);
      expect(await store.expireChallenges({ nowMs, answersInFlight: noneVerifying })).toBe(1);
      expect((await store.sealEpoch({ epochId: 4 })).sealed?.entryCount).toBe(1_201);
    });

    it('sums an epoch’s credits by key', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      await acceptOne(store, { key: 1, epochId: 4, nonce: 1 });
      await acceptOne(store, { key: 1, epochId: 4, nonce: 2, m: 8192 });
      await commitOpen({ key: 2, epochId: 4, nonce: 1 });
      await store.expireChallenges({ nowMs: 9e12, answersInFlight: noneVerifying });
      const rows = await store.epochCredits(4);
      const counts = { rejected: 0, revoked: 0 };
      const expected = [
        {
          publicKeyHex: publicKeyHexOf(1),
          creditedUnits: 3n * DEFAULT_UNITS,
          accepted: 2,
          missed: 0,
          ...counts,
        },
        {
          publicKeyHex: publicKeyHexOf(2),
          creditedUnits: 0n,
          accepted: 0,
          missed: 1,
          ...counts,
        },
      ].sort((a, b) => (a.publicKeyHex < b.publicKeyHex ? -1 : 1));
      expect(rows).toMatchObject(expected);
      expect(await store.epochCredits(4, { limit: 1 })).toEqual(rows.slice(0, 1));
      expect(await store.epochCredits(4, { after: rows[0]!.publicKeyHex, limit: 5 })).toEqual(
        rows.slice(1),
      );
      expect(await store.epochCredits(5)).toEqual([]);
    });

    it('verifies TOPS over the last sealed epochs, those without credit included', async () => {
      const store = await context.openFresh({ topsEpochs: 3 });
      const topsOf = async () => (await store.getWorker(publicKeyHexOf(1)))?.verifiedTops;
      const expected = (receipts: number, epochs: number) =>
        (receipts * Number(DEFAULT_OPS)) / (epochs * 60) / 1e12;
      for (const epochId of [1, 2, 3, 4, 5]) await openEpoch(store, epochId);
      await acceptOne(store, { key: 1, epochId: 1, nonce: 1 });
      await acceptOne(store, { key: 1, epochId: 1, nonce: 2 });
      await acceptOne(store, { key: 1, epochId: 4, nonce: 1 });
      expect(await topsOf()).toBe(0);
      await store.sealEpoch({ epochId: 1 });
      expect(await topsOf()).toBeCloseTo(expected(2, 1), 12);
      await store.sealEpoch({ epochId: 2 });
      await store.sealEpoch({ epochId: 3 });
      expect(await topsOf()).toBeCloseTo(expected(2, 3), 12);
      await store.sealEpoch({ epochId: 4 });
      expect(await topsOf()).toBeCloseTo(expected(1, 3), 12);
      const [listed] = await store.listWorkers({ limit: 1 });
      expect(listed?.verifiedTops).toBe(await topsOf());
    });

    it('bounds the evidence, and takes it with a rejection only', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const receiptId = await commitOpen({ key: 1, epochId: 4, nonce: 1 });
      const settle = (extra: { outcome: 'accepted' | 'rejected'; evidence?: Uint8Array }) =>
        store.settleReceipt({ receiptId, atMs: 1, ...extra });
      const tooLong = new Uint8Array(EVIDENCE_BYTES_MAX + 1);
      const refused = { code: 'input_invalid' };
      await expect(settle({ outcome: 'rejected', evidence: tooLong })).rejects.toMatchObject(
        refused,
      );
      await expect(
        settle({ outcome: 'accepted', evidence: new Uint8Array(1) }),
      ).rejects.toMatchObject(refused);
      expect(await outcomeOf(receiptId)).toBe('open');
      const longest = new Uint8Array(EVIDENCE_BYTES_MAX).fill(7);
      expect((await settle({ outcome: 'rejected', evidence: longest })).kind).toBe('settled');
      expect(await store.getEvidence(receiptId)).toEqual(longest);
    });
  });
}
