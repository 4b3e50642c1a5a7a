import { describe, expect, it } from '@jest/globals';
import type { ActInput, KeyAct, LedgerStore } from '../src/index.ts';
import type { SuiteContext } from './ledger-store-conformance.ts';
import {
  acceptOne,
  commitInput,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from './ledger-fixtures.ts';

let actCount = 0;

/** An act as an operator does it; each has an id of its own. */
export function actInput(key: number, act: KeyAct, options: Partial<ActInput> = {}): ActInput {
  return {
    actId: (++actCount).toString(16).padStart(32, '0'),
    publicKeyHex: publicKeyHexOf(key),
    act,
    actor: 'Ada',
    reason: 'asked for, in ticket № 7',
    atMs: 1_000 + key,
    ...options,
  };
}

const commit = (store: LedgerStore, key: number, epochId: number, nonce: number) =>
  store.commitReceipt(commitInput(makeReceipt({ key, epochId, nonce })));

export function describeActs(context: SuiteContext): void {
  describe('acts', () => {
    it('are logged with who, when and why, newest first, and stay through reopening', async () => {
      const first = actInput(1, { kind: 'allow' });
      const second = actInput(
        2,
        { kind: 'quarantine', untilEpochId: 9 },
        { reason: 'x'.repeat(500) },
      );
      for (const input of [first, second]) {
        const result = await context.store().recordAct(input);
        expect(result).toMatchObject({ kind: 'done', record: input });
      }
      const store = await context.reopen();
      const all = await store.listActs({ limit: 10 });
      expect(all.map(({ sequence: _, ...input }) => input)).toEqual([second, first]);
      const [newest, oldest] = all;
      expect(newest!.sequence).toBeGreaterThan(oldest!.sequence);
      expect(await store.listActs({ limit: 1 })).toEqual([newest]);
      expect(await store.listActs({ before: newest!.sequence, limit: 5 })).toEqual([oldest]);
      expect(await store.listActs({ before: oldest!.sequence, limit: 5 })).toEqual([]);
    });

    it('are recorded once when sent again, and do nothing the second time', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const input = actInput(1, { kind: 'quarantine', untilEpochId: 9 });
      const first = await store.recordAct(input);
      await store.recordAct(actInput(1, { kind: 'release' }));
      const again = await store.recordAct(input);
      expect('record' in again && 'record' in first && again.record).toEqual(
        'record' in first && first.record,
      );
      expect(await store.listActs({ limit: 10 })).toHaveLength(2);
      expect((await commit(store, 1, 4, 1)).kind).toBe('created');
    });

    it('keep a list of allowed keys that is read again only when it changed', async () => {
      const store = context.store();
      const empty = await store.allowList();
      expect(empty.keys).toEqual([]);
      expect(await store.allowList(empty.version)).toEqual({ version: empty.version });
      for (const key of [2, 1, 3, 1]) await store.recordAct(actInput(key, { kind: 'allow' }));
      await store.recordAct(actInput(3, { kind: 'disallow' }));
      await store.recordAct(actInput(4, { kind: 'disallow' }));
      const list = await store.allowList(empty.version);
      expect(list.keys).toEqual([1, 2].map(publicKeyHexOf).sort());
      expect(list.version).toBeGreaterThan(empty.version);
      expect(await store.allowList(list.version)).toEqual({ version: list.version });
      // An older version is answered with all there is.
      expect((await store.allowList(empty.version)).keys).toEqual(list.keys);
      // An allowed key is no worker yet.
      expect(await store.listWorkers({ limit: 10 })).toEqual([]);
    });

    it('quarantine a key and release it: receipts before the epoch named are refused', async () => {
      const store = context.store();
      for (const epochId of [4, 5, 6]) await openEpoch(store, epochId);
      await acceptOne(store, { key: 1, epochId: 4, nonce: 1 });
      const open = makeReceipt({ key: 1, epochId: 5, nonce: 2 });
      await store.commitReceipt(commitInput(open));
      const result = await store.recordAct(actInput(1, { kind: 'quarantine', untilEpochId: 8 }));
      expect(result).toMatchObject({
        kind: 'done',
        key: { worker: { state: 'quarantined', quarantinedUntilEpoch: 8, accepted: 1 } },
      });
      expect(await commit(store, 1, 6, 3)).toEqual({ kind: 'key_quarantined', untilEpochId: 8 });
      // No verdict: what was taken is judged as ever.
      const settled = { receiptId: open.receiptId, outcome: 'accepted', atMs: 1 } as const;
      expect(await store.settleReceipt(settled)).toMatchObject({ kind: 'settled' });
      // Never shortened.
      await store.recordAct(actInput(1, { kind: 'quarantine', untilEpochId: 7 }));
      expect(await commit(store, 1, 6, 3)).toEqual({ kind: 'key_quarantined', untilEpochId: 8 });
      const released = await store.recordAct(actInput(1, { kind: 'release' }));
      expect(released).toMatchObject({ key: { worker: { state: 'new' } } });
      expect((await commit(store, 1, 6, 3)).kind).toBe('created');
      expect((await store.getWorker(publicKeyHexOf(1)))?.quarantinedUntilEpoch).toBeUndefined();
    });

    it('release a key that was caught from the next epoch on, and leave its record as it is', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      const caught = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
      await store.commitReceipt(commitInput(caught));
      const { receiptId } = caught;
      await store.settleReceipt({
        ...{
          receiptId,
          outcome: 'rejected',
          atMs: 1,
          row: 17,
          quarantine: { fromEpochId: 48, epochCount: 2, cleanEpochs: 1 },
        },
      });
      expect((await commit(store, 1, 4, 2)).kind).toBe('key_quarantined');
      await store.recordAct(actInput(1, { kind: 'release' }));
      // No epoch holds credit of a key beside a rejection, so the next one is the first.
      const refused = { kind: 'key_quarantined', untilEpochId: 5 };
      expect(await commit(store, 1, 4, 2)).toEqual(refused);
      await openEpoch(store, 5);
      expect(await commit(store, 1, 4, 2)).toEqual(refused);
      expect((await commit(store, 1, 5, 2)).kind).toBe('created');
      expect(await store.getWorker(publicKeyHexOf(1))).toMatchObject({
        ...{ rejected: 1, state: 'probation', probationEpochs: 1, quarantinedUntilEpoch: 5 },
      });
    });

    it('quarantine a key before its first receipt, which gives it a record and no sign of life', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      await store.recordAct(actInput(1, { kind: 'quarantine', untilEpochId: 6 }));
      expect(await store.listWorkers({ limit: 10 })).toMatchObject([
        { publicKeyHex: publicKeyHexOf(1), state: 'quarantined', lastSeenAtMs: 0, accepted: 0 },
      ]);
      expect((await commit(store, 1, 4, 1)).kind).toBe('key_quarantined');
      await store.recordAct(actInput(2, { kind: 'release' }));
      expect(await store.getWorker(publicKeyHexOf(2))).toBeUndefined();
      await openEpoch(store, 6);
      expect((await commit(store, 1, 6, 1)).kind).toBe('created');
      expect((await store.getWorker(publicKeyHexOf(1)))!.lastSeenAtMs).toBeGreaterThan(0);
    });

    it('show in the list of keys, each key once, page by page', async () => {
      const store = context.store();
      await openEpoch(store, 4);
      for (const key of [1, 2, 3]) await commit(store, key, 4, 1);
      for (const key of [3, 4, 5]) await store.recordAct(actInput(key, { kind: 'allow' }));
      const expected = [1, 2, 3, 4, 5]
        .map((key) => ({ hex: publicKeyHexOf(key), seen: key <= 3, allowed: key >= 3, key }))
        .sort((left, right) => (left.hex < right.hex ? -1 : 1));
      for (const limit of [1, 2, 3, 5, 9]) {
        const pages = [];
        for (let after: string | undefined; ;) {
          const page = await store.listKeys({ limit, ...(after === undefined ? {} : { after }) });
          expect(page.length).toBeLessThanOrEqual(limit);
          pages.push(...page);
          after = page.at(-1)?.publicKeyHex;
          if (page.length < limit) break;
        }
        expect(pages.map(({ publicKeyHex }) => publicKeyHex)).toEqual(
          expected.map(({ hex }) => hex),
        );
        expect(pages.map(({ worker }) => worker !== undefined)).toEqual(
          expected.map(({ seen }) => seen),
        );
        expect(pages.map(({ allowedAtMs }) => allowedAtMs)).toEqual(
          expected.map(({ allowed, key }) => (allowed ? 1_000 + key : undefined)),
        );
      }
    });

    it('refuse what could not be read back', async () => {
      const store = context.store();
      const allow = { kind: 'allow' } as const;
      for (const broken of [
        actInput(1, allow, { actor: '' }),
        actInput(1, allow, { reason: '' }),
        actInput(1, allow, { reason: 'x'.repeat(501) }),
        actInput(1, allow, { actor: 'x'.repeat(101) }),
        actInput(1, allow, { reason: 'a\0b' }),
        actInput(1, allow, { publicKeyHex: 'junk' }),
        actInput(1, allow, { actId: '00' }),
        actInput(1, allow, { atMs: -1 }),
        actInput(1, { kind: 'quarantine', untilEpochId: 0.5 }),
      ]) {
        await expect(store.recordAct(broken)).rejects.toMatchObject({ code: 'input_invalid' });
      }
      expect(await store.listActs({ limit: 1 })).toEqual([]);
    });
  });
}
