import { describe, expect, it } from '@jest/globals';
import { seededBytes } from '@tops/testing';
import type { LedgerStore } from '../src/index.ts';
import { acceptMany, acceptOne, commitInput, makeReceipt, openEpoch } from './ledger-fixtures.ts';
import type { SuiteContext } from './ledger-store-conformance.ts';

const signatureOf = (seed: number) => ({
  signature: seededBytes(seed, 64),
  verifierKey: seededBytes(seed, 32),
});

/** Commits and rejects one receipt, with evidence. */
async function rejectOne(
  store: LedgerStore,
  options: { key: number; epochId: number; nonce: number },
) {
  const parsed = makeReceipt(options);
  await store.commitReceipt(commitInput(parsed));
  await store.settleReceipt({
    receiptId: parsed.receiptId,
    ...{ outcome: 'rejected', atMs: 7, row: 17, evidence: new Uint8Array(96) },
  });
  return parsed;
}

/** A sealed epoch of one accepted and one rejected receipt. */
async function sealedEpoch(store: LedgerStore, epochId: number) {
  await openEpoch(store, epochId);
  const accepted = await acceptOne(store, { key: 1, epochId, nonce: 1 });
  const rejected = (await rejectOne(store, { key: 2, epochId, nonce: 2 })).receiptId;
  await store.sealEpoch({ epochId });
  return { accepted, rejected };
}

export function describeArchive(context: SuiteContext): void {
  describe('signatures on heads', () => {
    it('are kept once, the first one, and survive a reopen', async () => {
      const store = context.store();
      await sealedEpoch(store, 4);
      expect((await store.archive.unsignedEpochs({ limit: 9 })).map((one) => one.epochId)).toEqual([
        4,
      ]);
      const first = { epochId: 4, ...signatureOf(1), atMs: 10 };
      const { sealed } = await store.archive.signHead(first);
      expect(sealed?.signed).toEqual({ ...signatureOf(1), atMs: 10 });
      const second = { epochId: 4, ...signatureOf(2), atMs: 11 };
      expect((await store.archive.signHead(second)).sealed).toEqual(sealed);
      expect(await store.archive.unsignedEpochs({ limit: 9 })).toEqual([]);
      expect((await (await context.reopen()).getEpoch(4))?.sealed).toEqual(sealed);
    });

    it('are refused for what is not sealed, never opened, or no signature', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const input = { epochId: 4, ...signatureOf(1), atMs: 10 };
      await expect(store.archive.signHead(input)).rejects.toMatchObject({ code: 'input_invalid' });
      await expect(store.archive.signHead({ ...input, epochId: 5 })).rejects.toMatchObject({
        code: 'epoch_unknown',
      });
      await store.sealEpoch({ epochId: 4 });
      const short = { ...input, signature: new Uint8Array(63) };
      await expect(store.archive.signHead(short)).rejects.toMatchObject({ code: 'input_invalid' });
      await expect(store.archive.signHead(input)).resolves.toMatchObject({ epochId: 4 });
    });
  });

  describe('whole epochs', () => {
    it('are listed oldest first, in pages', async () => {
      const store = context.store();
      for (const id of [4, 6, 9]) await openEpoch(store, id);
      const ids = async (page: { fromId: number; limit: number }) =>
        (await store.archive.epochsFrom(page)).map(({ epochId }) => epochId);
      expect(await ids({ fromId: 0, limit: 2 })).toEqual([4, 6]);
      expect(await ids({ fromId: 5, limit: 9 })).toEqual([6, 9]);
      expect(await ids({ fromId: 10, limit: 9 })).toEqual([]);
    });

    it('give their receipts as entries are hashed, page by page, and each its position', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      await openEpoch(store, 5);
      await acceptMany(store, { key: 1, epochId: 4, count: 4 });
      await acceptOne(store, { key: 3, epochId: 5, nonce: 1 });
      await acceptOne(store, { key: 2, epochId: 4, nonce: 9 });
      await store.commitReceipt(commitInput(makeReceipt({ key: 4, epochId: 4, nonce: 1 })));
      const ids: string[] = [];
      for (;;) {
        const after = ids.at(-1);
        const page = { limit: 2, ...(after === undefined ? {} : { afterReceiptId: after }) };
        const records = await store.archive.epochReceipts(4, page);
        for (const record of records) {
          expect(record).toEqual(await store.getReceipt(record.receiptId));
        }
        ids.push(...records.map(({ receiptId }) => receiptId));
        if (records.length < 2) break;
      }
      const entries = await store.epochEntries(4);
      expect(ids).toEqual(entries.map(({ receipt_id }) => receipt_id));
      const positions = await Promise.all(ids.map((id) => store.archive.entryPosition(id)));
      expect(positions.map((position) => position?.epochId)).toEqual(ids.map(() => 4));
      const sequences = positions.map((position) => position?.sequence ?? 0);
      expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
      expect(await store.archive.entryPosition('ab'.repeat(32))).toBeUndefined();
      expect(await store.archive.entryPosition('junk')).toBeUndefined();
      const nowhere = { afterReceiptId: 'ab'.repeat(32), limit: 5 };
      expect(await store.archive.epochReceipts(4, nowhere)).toEqual([]);
    });
  });

  describe('rolling receipts out', () => {
    it('needs a mark, goes in steps, and keeps all sums and seals', async () => {
      const store = context.store();
      const { accepted, rejected } = await sealedEpoch(store, 4);
      await sealedEpoch(store, 5);
      await store.archive.signHead({ epochId: 4, ...signatureOf(1), atMs: 10 });
      await store.archive.signHead({ epochId: 5, ...signatureOf(1), atMs: 20 });
      const rollable = async (signedBeforeMs: number) =>
        (await store.archive.rollableEpochs({ signedBeforeMs, limit: 9 })).map(
          (one) => one.epochId,
        );
      expect(await rollable(9)).toEqual([]);
      expect(await rollable(10)).toEqual([4]);
      expect(await rollable(20)).toEqual([4, 5]);

      const roll = { epochId: 4, limit: 1 };
      await expect(store.archive.rollReceipts(roll)).rejects.toMatchObject({
        code: 'input_invalid',
      });
      expect(await store.getReceipt(accepted)).toBeDefined();
      const before = await summaryOf(store);
      const marked = await store.archive.markArchived({ epochId: 4, atMs: 30 });
      expect(marked.archivedAtMs).toBe(30);
      expect((await store.archive.markArchived({ epochId: 4, atMs: 31 })).archivedAtMs).toBe(30);

      expect(await store.archive.rollReceipts(roll)).toBe(1);
      expect(await store.getReceipt(accepted)).toBeUndefined();
      expect(await store.getReceipt(rejected)).toBeDefined();
      expect(await rollable(10)).toEqual([4]);
      const again = await context.reopen();
      expect(await again.archive.rollReceipts(roll)).toBe(1);
      expect(await again.archive.rollReceipts(roll)).toBe(0);
      expect(await again.archive.rollReceipts(roll)).toBe(0);
      expect(await again.archive.rollableEpochs({ signedBeforeMs: 20, limit: 9 })).toMatchObject([
        { epochId: 5 },
      ]);
      for (const id of [accepted, rejected]) {
        expect(await again.getReceipt(id)).toBeUndefined();
        expect(await again.getEvidence(id)).toBeUndefined();
        expect(await again.archive.archivedEpochOf(id)).toBe(4);
      }
      expect(await again.archive.archivedEpochOf('ab'.repeat(32))).toBeUndefined();
      expect(await again.archive.archivedEpochOf('junk')).toBeUndefined();
      expect(await summaryOf(again)).toEqual(before);
      expect(await again.archive.epochReceipts(5, { limit: 9 })).toHaveLength(2);
    });

    it('opens no nonce anew', async () => {
      const store = context.store();
      await sealedEpoch(store, 4);
      await store.archive.markArchived({ epochId: 4, atMs: 30 });
      while ((await store.archive.rollReceipts({ epochId: 4, limit: 10 })) > 0) {
        // Until nothing is left.
      }
      for (const nonce of [1, 77]) {
        const input = commitInput(makeReceipt({ key: 1, epochId: 4, nonce }));
        await expect(store.commitReceipt(input)).rejects.toMatchObject({ code: 'epoch_sealed' });
      }
    });

    it('refuses an epoch that is not sealed, or never was', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const code = (wanted: string) => ({ code: wanted });
      const { archive } = store;
      const mark = { atMs: 1 };
      await expect(archive.markArchived({ epochId: 4, ...mark })).rejects.toMatchObject(
        code('input_invalid'),
      );
      await expect(archive.markArchived({ epochId: 3, ...mark })).rejects.toMatchObject(
        code('epoch_unknown'),
      );
      await expect(archive.rollReceipts({ epochId: 3, limit: 1 })).rejects.toMatchObject(
        code('epoch_unknown'),
      );
    });

    it('is done by one at a time, and again once that one is through, or has failed', async () => {
      const { archive } = context.store();
      const turn = deferred();
      const entered = deferred();
      const first = archive.exclusively(async () => {
        entered.resolve();
        await turn.promise;
        return 'first';
      });
      const second = () => archive.exclusively(async () => 'second');
      await entered.promise;
      expect(await second()).toBeUndefined();
      turn.resolve();
      expect(await first).toBe('first');
      await expect(archive.exclusively(() => Promise.reject(new Error('stopped')))).rejects.toThrow(
        'stopped',
      );
      expect(await second()).toBe('second');
    });
  });
}

/** A promise that is resolved from outside. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** What has to stay as it is: seals, credits, workers. */
async function summaryOf(store: LedgerStore) {
  const epochs = await store.listEpochs({ limit: 9 });
  return {
    epochs: epochs.map((epoch) => ({ ...epoch, archivedAtMs: undefined })),
    credits: [await store.epochCredits(4), await store.epochCredits(5)],
    workers: await store.listWorkers({ limit: 9 }),
  };
}
