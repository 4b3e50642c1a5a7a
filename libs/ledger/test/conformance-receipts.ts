import { describe, expect, it } from '@jest/globals';
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

export function describeReceipts(context: SuiteContext): void {
  describe('receipts', () => {
    it('stores a receipt with its challenge and reads it back, through reopening too', async () => {
      await openEpoch(context.store(), 4);
      const parsed = makeReceipt({ key: 1, epochId: 4, nonce: 2 ** 53 - 1, label: 'rig-7' });
      const input = commitInput(parsed, { rows: [0, 4095] });
      const result = await context.store().commitReceipt(input);
      const record = {
        receiptId: parsed.receiptId,
        publicKeyHex: publicKeyHexOf(1),
        receipt: parsed.receipt,
        rows: [0, 4095],
        deadlineAtMs: input.deadlineAtMs,
        challengeSigHex: input.challengeSigHex,
        receivedAtMs: input.receivedAtMs,
        outcome: 'open',
        creditedUnits: 0n,
      };
      expect(result).toEqual({ kind: 'created', record });
      const store = await context.reopen();
      expect(await store.getReceipt(parsed.receiptId)).toEqual(record);
      expect(await store.getReceipt('00'.repeat(32))).toBeUndefined();
      expect(await store.getReceipt('junk')).toBeUndefined();
    });

    it('answers the same receipt with the stored challenge, whatever was drawn anew', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const parsed = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
      const first = await store.commitReceipt(commitInput(parsed));
      const redrawn = commitInput(parsed, { rows: [5], deadlineAtMs: 99_999_999 });
      const again = await store.commitReceipt(redrawn);
      expect(first.kind).toBe('created');
      expect(again).toEqual({ ...first, kind: 'existing' });
    });

    it('tells what a new receipt is met with: its own record, and the record of its key', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const parsed = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
      const { receiptId } = parsed;
      const publicKeyHex = publicKeyHexOf(1);
      expect(await store.getStanding({ receiptId, publicKeyHex })).toEqual({});
      await acceptOne(store, { key: 1, epochId: 4, nonce: 7 });
      const reputation = {
        ...{ accepted: 1, streakUnits: DEFAULT_UNITS, missScore: 0, probationEpochs: 0 },
      };
      expect(await store.getStanding({ receiptId, publicKeyHex })).toEqual({ reputation });
      await store.commitReceipt(commitInput(parsed));
      const stored = await store.getReceipt(receiptId);
      expect(await store.getStanding({ receiptId, publicKeyHex })).toEqual({ stored, reputation });
      const nobody = { receiptId: 'junk', publicKeyHex: publicKeyHexOf(2) };
      expect(await store.getStanding(nobody)).toEqual({});
    });

    it('creates once out of sixteen identical commits at once', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const parsed = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
      const results = await Promise.all(
        Array.from({ length: 16 }, (_, row) =>
          store.commitReceipt(commitInput(parsed, { rows: [row] })),
        ),
      );
      expect(results.map((result) => result.kind).sort()).toEqual([
        'created',
        ...Array.from({ length: 15 }, () => 'existing'),
      ]);
      const rows = results.map((result) => ('record' in result ? result.record.rows : undefined));
      expect(rows).toEqual(rows.map(() => [0]));
      expect(await store.countOpen()).toBe(1);
    });

    it('refuses another receipt under a used nonce, but not in another epoch or by another key', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      await openEpoch(store, 5);
      const base = { key: 1, epochId: 4, nonce: 1 };
      await store.commitReceipt(commitInput(makeReceipt(base)));
      const other = makeReceipt({ ...base, workRoot: 77 });
      expect(await store.commitReceipt(commitInput(other))).toEqual({ kind: 'nonce_already_used' });
      for (const free of [
        { ...base, epochId: 5 },
        { ...base, key: 2 },
        { ...base, nonce: 2 },
      ]) {
        expect((await store.commitReceipt(commitInput(makeReceipt(free)))).kind).toBe('created');
      }
    });

    it('refuses rows that are unsorted, repeated, out of range or none', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const parsed = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
      for (const rows of [[], [2, 1], [3, 3], [4096], [-1], [0.5]]) {
        await expect(store.commitReceipt(commitInput(parsed, { rows }))).rejects.toMatchObject({
          code: 'input_invalid',
        });
      }
      expect((await store.commitReceipt(commitInput(parsed, { rows: [4095] }))).kind).toBe(
        'created',
      );
    });

    it('caps open challenges of a new key, and lets go as they are settled', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const commit = (nonce: number) =>
        store.commitReceipt(commitInput(makeReceipt({ key: 1, epochId: 4, nonce })));
      const results = await Promise.all([1, 2, 3, 4, 5].map(commit));
      expect(results.map((result) => result.kind)).toEqual([
        ...Array.from({ length: 4 }, () => 'created'),
        'too_many_open',
      ]);
      expect(results[4]).toEqual({ kind: 'too_many_open', openCount: 4, limit: 4 });
      expect(await store.countOpen({ publicKeyHex: publicKeyHexOf(1) })).toBe(4);
      expect(await store.countOpen({ publicKeyHex: publicKeyHexOf(1), epochId: 5 })).toBe(0);
      expect(await store.countOpen({ epochId: 4 })).toBe(4);
      // The same receipt again is answered before any cap; another key has a cap of its own.
      expect((await commit(1)).kind).toBe('existing');
      const otherKey = makeReceipt({ key: 2, epochId: 4, nonce: 1 });
      expect((await store.commitReceipt(commitInput(otherKey))).kind).toBe('created');
      const { receiptId } = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
      await store.settleReceipt({ receiptId, outcome: 'accepted', atMs: 4 * EPOCH_MS });
      expect((await commit(5)).kind).toBe('created');
    });

    it('gives a key with a record the higher cap', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      await acceptMany(store, { key: 1, epochId: 4, count: 16 });
      const kinds: string[] = [];
      for (let nonce = 100; nonce < 107; nonce++) {
        const input = commitInput(makeReceipt({ key: 1, epochId: 4, nonce }), { maxOpen: 6 });
        kinds.push((await store.commitReceipt(input)).kind);
      }
      expect(kinds).toEqual([...Array.from({ length: 6 }, () => 'created'), 'too_many_open']);
    });

    it('registers a key by its first receipt, and labels it by its latest', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      expect(await store.getWorker(publicKeyHexOf(1))).toBeUndefined();
      await acceptOne(store, { key: 1, epochId: 4, nonce: 1, label: 'old' });
      await acceptOne(store, { key: 1, epochId: 4, nonce: 2, label: 'new' });
      const labelled = await store.getWorker(publicKeyHexOf(1));
      expect(labelled).toMatchObject({
        publicKeyHex: publicKeyHexOf(1),
        did: makeReceipt({ key: 1, epochId: 4, nonce: 1 }).workerDid,
        label: 'new',
        creditedUnits: 2n * DEFAULT_UNITS,
        accepted: 2,
        rejected: 0,
        missed: 0,
        revoked: 0,
        streakUnits: 2n * DEFAULT_UNITS,
        lastSeenAtMs: 4 * EPOCH_MS + 150,
        verifiedTops: 0,
        state: 'new',
      });
      await acceptOne(store, { key: 1, epochId: 4, nonce: 3 });
      expect(await store.getWorker(publicKeyHexOf(1))).not.toHaveProperty('label');
      expect(await store.getWorker('junk')).toBeUndefined();
    });

    it('lists workers in pages by key', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const keys = [1, 2, 3, 4, 5];
      for (const key of keys) await acceptOne(store, { key, epochId: 4, nonce: 1 });
      const expected = keys.map(publicKeyHexOf).sort();
      const seen: string[] = [];
      let page = await store.listWorkers({ limit: 2 });
      while (page.length > 0) {
        seen.push(...page.map((worker) => worker.publicKeyHex));
        page = await store.listWorkers({ after: seen.at(-1)!, limit: 2 });
      }
      expect(seen).toEqual(expected);
      expect(await store.listWorkers({ limit: 0 })).toEqual([]);
    });

    it('pages an epoch’s entries in commit order', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      await openEpoch(store, 5);
      const ids: string[] = [];
      for (let nonce = 0; nonce < 5; nonce++) {
        ids.push(await acceptOne(store, { key: nonce % 2, epochId: 4, nonce }));
        await acceptOne(store, { key: nonce % 2, epochId: 5, nonce });
      }
      const all = await store.epochEntries(4);
      expect(all.map((entry) => entry.receipt_id)).toEqual(ids);
      expect(await store.epochEntries(4, { limit: 2 })).toEqual(all.slice(0, 2));
      expect(await store.epochEntries(4, { afterReceiptId: ids[1]!, limit: 9 })).toEqual(
        all.slice(2),
      );
      const unknown = { afterReceiptId: '00'.repeat(32), limit: 9 };
      expect(await store.epochEntries(4, unknown)).toEqual([]);
    });
  });
}
