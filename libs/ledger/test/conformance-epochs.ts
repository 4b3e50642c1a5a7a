import { blake3, blake3DeriveKey, bytesToHex } from '@tops/crypto';
import { describe, expect, it } from '@jest/globals';
import type { SuiteContext } from './ledger-store-conformance.ts';
import {
  acceptMany,
  acceptOne,
  commitInput,
  entropyOf,
  EPOCH_MS,
  makeReceipt,
  openEpoch,
} from './ledger-fixtures.ts';

// The chain again from the sentences of the protocol, with Buffer as the only encoder.
function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function expectedPrevHash(parts: {
  previous: Uint8Array;
  head: Uint8Array;
  epochId: number;
  entropy: Uint8Array;
}): Uint8Array {
  return blake3(Buffer.concat([parts.previous, parts.head, u64(parts.epochId), parts.entropy]));
}

function expectedHead(parts: {
  previous: Uint8Array;
  epochId: number;
  count: number;
  root: Uint8Array;
}): Uint8Array {
  const material = Buffer.concat([
    parts.previous,
    u64(parts.epochId),
    u64(parts.count),
    parts.root,
  ]);
  return blake3DeriveKey('tops-worker 2026 ledger v2', material);
}

const zero = new Uint8Array(32);
const emptyRoot = blake3(new Uint8Array(0));

export function describeEpochs(context: SuiteContext): void {
  describe('epochs', () => {
    it('chains beacons and heads as the protocol says', async () => {
      const store = context.store();
      await openEpoch(store, 10);
      const first = expectedPrevHash({
        previous: zero,
        head: zero,
        epochId: 10,
        entropy: entropyOf(10),
      });
      // 10 is not sealed yet, so 12 still chains the zero head; ids may skip while the verifier is down.
      await openEpoch(store, 12);
      const second = expectedPrevHash({
        previous: first,
        head: zero,
        epochId: 12,
        entropy: entropyOf(12),
      });
      await store.sealEpoch({ epochId: 10 });
      const head10 = expectedHead({ previous: zero, epochId: 10, count: 0, root: emptyRoot });
      await openEpoch(store, 13);
      const third = expectedPrevHash({
        previous: second,
        head: head10,
        epochId: 13,
        entropy: entropyOf(13),
      });

      const entry = await acceptOne(store, { key: 1, epochId: 12, nonce: 3 });
      await store.sealEpoch({ epochId: 12 });
      const leaf = blake3(
        Buffer.concat([
          Buffer.of(0),
          Buffer.from(
            `{"credited_ops":"67108864","outcome":"accepted","receipt_id":"${entry}","rows":[1,17,4000]}`,
          ),
        ]),
      );
      const head12 = expectedHead({ previous: head10, epochId: 12, count: 1, root: leaf });

      const [e10, e12, e13] = await Promise.all([10, 12, 13].map((id) => store.getEpoch(id)));
      expect([e10, e12, e13].map((epoch) => bytesToHex(epoch!.prevHash))).toEqual(
        [first, second, third].map(bytesToHex),
      );
      expect(bytesToHex(e10!.sealed!.head)).toBe(bytesToHex(head10));
      expect(bytesToHex(e10!.sealed!.ledgerRoot)).toBe(bytesToHex(emptyRoot));
      expect(e10!.sealed!.entryCount).toBe(0);
      expect(bytesToHex(e12!.sealed!.head)).toBe(bytesToHex(head12));
      expect(e12!.sealed!.entryCount).toBe(1);
      expect(e13!.sealed).toBeUndefined();
      expect([e10, e12, e13].map((epoch) => epoch!.previousEpochId)).toEqual([undefined, 10, 12]);
      expect([e10, e12, e13].map((epoch) => epoch!.sealedAtOpeningEpochId)).toEqual([
        undefined,
        undefined,
        10,
      ]);
    });

    it('hashes several entries in commit order into an RFC 9162 tree', async () => {
      const store = context.store();
      await openEpoch(store, 7);
      const ids = await acceptMany(store, { key: 1, epochId: 7, count: 3 });
      const leaves = ids.map((id) =>
        blake3(
          Buffer.from(
            `\0{"credited_ops":"67108864","outcome":"accepted","receipt_id":"${id}","rows":[1,17,4000]}`,
          ),
        ),
      );
      const node = (left: Uint8Array, right: Uint8Array): Uint8Array =>
        blake3(Buffer.concat([Buffer.of(1), left, right]));
      const sealed = (await store.sealEpoch({ epochId: 7 })).sealed;
      expect(bytesToHex(sealed!.ledgerRoot)).toBe(
        bytesToHex(node(node(leaves[0]!, leaves[1]!), leaves[2]!)),
      );
    });

    it('keeps the first beacon of an epoch, through reopening too', async () => {
      await openEpoch(context.store(), 20);
      const first = await context.store().getEpoch(20);
      const again = {
        epochId: 20,
        entropy: entropyOf(999),
        opensAtMs: 20 * EPOCH_MS,
        closesAtMs: 21 * EPOCH_MS,
      };
      expect(await context.store().openEpoch(again)).toEqual(first);
      const store = await context.reopen();
      expect(await store.openEpoch(again)).toEqual(first);
      expect(await store.latestEpoch()).toEqual(first);
    });

    it('gives concurrent openers of an epoch one beacon', async () => {
      const opened = await Promise.all(
        Array.from({ length: 16 }, (_, seed) =>
          context.store().openEpoch({
            epochId: 3,
            entropy: entropyOf(seed),
            opensAtMs: 3 * EPOCH_MS,
            closesAtMs: 4 * EPOCH_MS,
          }),
        ),
      );
      expect(new Set(opened.map((epoch) => bytesToHex(epoch.prevHash))).size).toBe(1);
    });

    it('refuses an epoch below the latest, known or not, and takes a later one', async () => {
      const store = context.store();
      await openEpoch(store, 30);
      await openEpoch(store, 32);
      await expect(openEpoch(store, 31)).rejects.toMatchObject({ code: 'epoch_regressed' });
      await expect(openEpoch(store, 30)).rejects.toMatchObject({ code: 'epoch_regressed' });
      await openEpoch(store, 33);
      expect((await store.latestEpoch())?.epochId).toBe(33);
      expect(await store.getEpoch(31)).toBeUndefined();
    });

    it('lists epochs newest first in pages, and the unsealed ones oldest first', async () => {
      const store = context.store();
      for (const id of [1, 2, 3, 5, 8]) await openEpoch(store, id);
      const newest = await store.listEpochs({ limit: 2 });
      expect(newest.map((epoch) => epoch.epochId)).toEqual([8, 5]);
      const rest = await store.listEpochs({ beforeId: 5, limit: 10 });
      expect(rest.map((epoch) => epoch.epochId)).toEqual([3, 2, 1]);
      await store.sealEpoch({ epochId: 1 });
      const unsealed = await store.unsealedEpochs();
      expect(unsealed.map((epoch) => epoch.epochId)).toEqual([2, 3, 5, 8]);
    });

    it('seals in order of id, once, and not before every challenge is settled', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await openEpoch(store, 2);
      const parsed = makeReceipt({ key: 1, epochId: 1, nonce: 1 });
      await store.commitReceipt(commitInput(parsed));
      await expect(store.sealEpoch({ epochId: 9 })).rejects.toMatchObject({
        code: 'epoch_unknown',
      });
      await expect(store.sealEpoch({ epochId: 2 })).rejects.toMatchObject({
        code: 'seal_out_of_order',
      });
      await expect(store.sealEpoch({ epochId: 1 })).rejects.toMatchObject({
        code: 'receipts_open',
      });
      await store.settleReceipt({
        receiptId: parsed.receiptId,
        outcome: 'accepted',
        atMs: EPOCH_MS,
      });
      const [sealed, twice] = await Promise.all([
        store.sealEpoch({ epochId: 1 }),
        store.sealEpoch({ epochId: 1 }),
      ]);
      expect(twice).toEqual(sealed);
      expect(await store.sealEpoch({ epochId: 1 })).toEqual(sealed);
      expect(sealed.sealed?.entryCount).toBe(1);
      expect((await store.sealEpoch({ epochId: 2 })).sealed?.entryCount).toBe(0);
    });

    it('takes no receipt into a sealed epoch, while an open one does', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await openEpoch(store, 2);
      const sealed = await store.sealEpoch({ epochId: 1 });
      const late = commitInput(makeReceipt({ key: 1, epochId: 1, nonce: 1 }));
      await expect(store.commitReceipt(late)).rejects.toMatchObject({ code: 'epoch_sealed' });
      const unknown = commitInput(makeReceipt({ key: 1, epochId: 4, nonce: 1 }));
      await expect(store.commitReceipt(unknown)).rejects.toMatchObject({ code: 'epoch_unknown' });
      const taken = commitInput(makeReceipt({ key: 1, epochId: 2, nonce: 1 }));
      expect((await store.commitReceipt(taken)).kind).toBe('created');
      expect(await store.getEpoch(1)).toEqual(sealed);
      expect(await store.epochEntries(1)).toEqual([]);
    });

    it('lets a receipt into an epoch or seals it, never both', async () => {
      const store = context.store();
      await openEpoch(store, 1);
      await acceptMany(store, { key: 1, epochId: 1, count: 250 });
      const late = commitInput(makeReceipt({ key: 2, epochId: 1, nonce: 1 }));
      const [sealing, committing] = await Promise.allSettled([
        store.sealEpoch({ epochId: 1 }),
        store.commitReceipt(late),
      ]);
      const [winner, loser] =
        sealing.status === 'fulfilled' ? [sealing, committing] : [committing, sealing];
      expect(winner.status).toBe('fulfilled');
      expect(loser).toMatchObject({
        status: 'rejected',
        reason: { code: loser === sealing ? 'receipts_open' : 'epoch_sealed' },
      });
      const entryCount = (await store.getEpoch(1))?.sealed?.entryCount;
      expect(entryCount).toBe(loser === sealing ? undefined : 250);
    });

    it('refuses entropy and times that are no such thing', async () => {
      const store = context.store();
      const good = { epochId: 1, entropy: entropyOf(1), opensAtMs: 0, closesAtMs: 1 };
      const bad = [
        { ...good, entropy: new Uint8Array(31) },
        { ...good, closesAtMs: 0 },
        { ...good, epochId: -1 },
        { ...good, epochId: 1.5 },
      ];
      for (const input of bad) {
        await expect(store.openEpoch(input)).rejects.toMatchObject({ code: 'input_invalid' });
      }
      expect(await store.latestEpoch()).toBeUndefined();
      expect((await store.openEpoch(good)).epochId).toBe(1);
    });
  });
}
