import { bytesToHex } from '@tops/crypto';
import { expect, it } from '@jest/globals';
import { seededBytes } from '@tops/testing';
import { deferred } from '../../test/conformance-archive.ts';
import { commitInput, makeReceipt, openEpoch } from '../../test/ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';
import type { LedgerStore } from '../index.ts';

describePostgres('several replicas archiving one ledger', () => {
  const postgres = new PostgresFixture();
  const openThree = () => Promise.all([1, 2, 3].map(() => postgres.open()));
  const commit = (store: LedgerStore, key: number, nonce: number, options = {}) =>
    store.commitReceipt(commitInput(makeReceipt({ key, epochId: 4, nonce }), options));

  it('keep one signature of all on a head, and roll receipts out one at a time', async () => {
    const stores = await openThree();
    await openEpoch(stores[0]!, 4);
    await commit(stores[0]!, 1, 1);
    const { receiptId } = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
    await stores[0]!.settleReceipt({ receiptId, outcome: 'accepted', atMs: 1 });
    await stores[0]!.sealEpoch({ epochId: 4 });
    const signed = await Promise.all(
      Array.from({ length: 9 }, (_, seed) =>
        stores[seed % 3]!.archive.signHead({
          epochId: 4,
          ...{ signature: seededBytes(seed, 64), verifierKey: seededBytes(seed, 32), atMs: seed },
        }),
      ),
    );
    const signatures = signed.map((epoch) => bytesToHex(epoch.sealed!.signed!.signature));
    expect(new Set(signatures).size).toBe(1);

    const entered = deferred();
    const turn = deferred();
    const held = stores[0]!.archive.exclusively(async () => {
      entered.resolve();
      await turn.promise;
    });
    await entered.promise;
    let runs = 0;
    const run = async () => ++runs;
    const refused = await Promise.all(stores.map((store) => store.archive.exclusively(run)));
    expect(refused).toEqual([undefined, undefined, undefined]);
    // Held over many calls, the lock takes no connection from those.
    await stores[0]!.archive.markArchived({ epochId: 4, atMs: 5 });
    const rolled = await Promise.all(
      stores.map((store) => store.archive.rollReceipts({ epochId: 4, limit: 5 })),
    );
    expect(rolled.reduce((sum, count) => sum + count, 0)).toBe(1);
    turn.resolve();
    await held;
    expect(await stores[1]!.archive.exclusively(run)).toBe(1);
  });

  it('let go of the turn to roll out when the connection that holds it breaks', async () => {
    const [holder, other] = await openThree();
    const entered = deferred();
    const turn = deferred();
    const held = holder!.archive.exclusively(async () => {
      entered.resolve();
      await turn.promise;
    });
    await entered.promise;
    await postgres.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2`,
    );
    const deadline = Date.now() + 10_000;
    let taken: string | undefined;
    while (taken === undefined && Date.now() < deadline) {
      taken = await other!.archive.exclusively(async () => 'taken');
    }
    expect(taken).toBe('taken');
    turn.resolve();
    await held.catch(() => undefined);
    expect(await holder!.archive.exclusively(async () => 'again')).toBe('again');
  });
});
