import { expect, it } from '@jest/globals';
import {
  acceptMany,
  commitInput,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from '../../test/ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';
import type { LedgerStore } from '../index.ts';

describePostgres('reputation and evidence over several replicas', () => {
  const postgres = new PostgresFixture();
  const openThree = () => Promise.all([1, 2, 3].map(() => postgres.open()));
  const reject = async (store: LedgerStore, key: number, atMs: number) => {
    const parsed = makeReceipt({ key, epochId: 1, nonce: 1 });
    await store.commitReceipt(commitInput(parsed));
    await store.settleReceipt({
      ...{ receiptId: parsed.receiptId, outcome: 'rejected', atMs, row: 1 },
      evidence: new Uint8Array(100),
      quarantine: { fromEpochId: 1, epochCount: 1, cleanEpochs: 5 },
    });
    return parsed.receiptId;
  };

  it('pay a clean epoch off once, while the keys go on working', async () => {
    const stores = await openThree();
    const [first, second, third] = stores as [LedgerStore, LedgerStore, LedgerStore];
    const keys = [1, 2, 3, 4, 5, 6];
    await openEpoch(first, 1);
    await Promise.all(keys.map((key, index) => reject(stores[index % 3]!, key, 1)));
    await openEpoch(first, 2);
    await openEpoch(first, 3);
    await Promise.all(keys.map((key) => acceptMany(second, { key, epochId: 2, count: 3 })));
    await first.sealEpoch({ epochId: 1 });
    // As sealing begins, so that no late receipt comes before it.
    await postgres.sql('UPDATE epochs SET takes_receipts = false WHERE epoch_id = 2');
    const sealing = Array.from({ length: 6 }, (_, i) => stores[i % 3]!.sealEpoch({ epochId: 2 }));
    // Verdicts of these keys and late receipts of the very epoch, at the same time.
    const working = keys.map((key, index) =>
      acceptMany(stores[index % 3]!, { key, epochId: 3, count: 20 }),
    );
    const late = keys.map((key) =>
      third
        .commitReceipt(commitInput(makeReceipt({ key, epochId: 2, nonce: 99 })))
        .catch((error: { code?: string }) => error.code),
    );
    await Promise.all([...sealing, ...working]);
    for (const answer of await Promise.all(late)) expect(answer).toBe('epoch_sealed');
    for (const key of keys) {
      expect(await third.getWorker(publicKeyHexOf(key))).toMatchObject({
        ...{ probationEpochs: 4, state: 'probation', accepted: 23 },
      });
    }
  });

  it('delete no more evidence than one of them would', async () => {
    const stores = await openThree();
    await openEpoch(stores[0]!, 1);
    const keys = Array.from({ length: 90 }, (_, key) => key);
    const ids = await Promise.all(keys.map((key) => reject(stores[key % 3]!, key, 1_000 + key)));
    const bounds = { keptSinceMs: 0, maxBytes: 4_000 };
    for (let round = 0; round < 4; round++) {
      await Promise.all(stores.map((store) => store.pruneEvidence(bounds)));
    }
    const kept = await Promise.all(
      ids.map(async (id) => (await stores[0]!.getEvidence(id)) !== undefined),
    );
    expect(kept).toEqual(keys.map((key) => key >= 50));
  });
});
