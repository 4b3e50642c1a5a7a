import { describe, expect, it } from '@jest/globals';
import type { SuiteContext } from './ledger-store-conformance.ts';
import { commitInput, makeReceipt, openEpoch } from './ledger-fixtures.ts';

export function describeEvidence(context: SuiteContext): void {
  /** Rejects the receipt of a key of its own; returns its id. */
  const keep = async (options: { key: number; atMs: number; bytes: number }): Promise<string> => {
    const parsed = makeReceipt({ key: options.key, epochId: 1, nonce: 1 });
    await context.store().commitReceipt(commitInput(parsed));
    await context.store().settleReceipt({
      receiptId: parsed.receiptId,
      outcome: 'rejected',
      atMs: options.atMs,
      row: 1,
      evidence: new Uint8Array(options.bytes).fill(options.key),
    });
    return parsed.receiptId;
  };
  const areKept = async (ids: readonly string[]) =>
    Promise.all(ids.map(async (id) => (await context.store().getEvidence(id)) !== undefined));
  const all = { keptSinceMs: 0, maxBytes: 1e9 };

  describe('pruning evidence', () => {
    it('deletes what is too old, and nothing else', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      expect(await store.pruneEvidence(all)).toEqual({
        ...{ deletedCount: 0, keptCount: 0, keptBytes: 0, isDone: true },
      });
      const ids = [
        await keep({ key: 1, atMs: 3_000, bytes: 10 }),
        await keep({ key: 2, atMs: 1_000, bytes: 20 }),
        await keep({ key: 3, atMs: 2_000, bytes: 40 }),
      ];
      expect(await store.pruneEvidence({ ...all, keptSinceMs: 1_000 })).toEqual({
        ...{ deletedCount: 0, keptCount: 3, keptBytes: 70, isDone: true },
      });
      expect(await store.pruneEvidence({ ...all, keptSinceMs: 2_001 })).toEqual({
        ...{ deletedCount: 2, keptCount: 1, keptBytes: 10, isDone: true },
      });
      expect(await areKept(ids)).toEqual([true, false, false]);
      expect(await store.getEvidence(ids[0]!)).toEqual(new Uint8Array(10).fill(1));
      // The receipt is the ledger's; only the proof is gone.
      expect(await store.getReceipt(ids[1]!)).toMatchObject({
        outcome: 'rejected',
        mismatchRow: 1,
      });
    });

    it('makes room by deleting the oldest, down to the bound and no further', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      const ids: string[] = [];
      for (const key of [1, 2, 3, 4]) ids.push(await keep({ key, atMs: 10 - key, bytes: 100 }));
      expect(await store.pruneEvidence({ ...all, maxBytes: 400 })).toMatchObject({
        deletedCount: 0,
      });
      expect(await store.pruneEvidence({ ...all, maxBytes: 299 })).toEqual({
        ...{ deletedCount: 2, keptCount: 2, keptBytes: 200, isDone: true },
      });
      expect(await areKept(ids)).toEqual([true, true, false, false]);
      expect(await store.pruneEvidence({ ...all, maxBytes: 0 })).toMatchObject({ keptBytes: 0 });
    });

    it('goes batch by batch, and several callers delete no more than one', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      const keys = Array.from({ length: 100 }, (_, key) => key);
      const ids = await Promise.all(
        keys.map((key) => keep({ key, atMs: 1_000 + key, bytes: 100 })),
      );
      const bounds = { ...all, maxBytes: 1_000 };
      const first = await store.pruneEvidence(bounds);
      expect(first.isDone).toBe(false);
      expect(first.deletedCount).toBeLessThan(90);
      await Promise.all(Array.from({ length: 8 }, () => store.pruneEvidence(bounds)));
      const kept = await areKept(ids);
      expect(kept).toEqual(keys.map((key) => key >= 90));
      expect(await store.pruneEvidence(bounds)).toMatchObject({ keptCount: 10, keptBytes: 1_000 });
      await context.reopen();
      expect(await areKept(ids)).toEqual(kept);
    });
  });
}
