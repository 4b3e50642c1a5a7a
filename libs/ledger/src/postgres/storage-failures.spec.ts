import { describe, expect, it } from '@jest/globals';
import { hasDiskFaults } from '@tops/testing';
import {
  commitInput,
  DEFAULT_UNITS,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from '../../test/ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';
import type { LedgerStore } from '../index.ts';

const manyOpen = { maxOpen: 100_000, maxOpenNewKey: 100_000 };
const inputOf = (nonce: number) =>
  commitInput(makeReceipt({ key: 1, epochId: 4, nonce }), manyOpen);
const idOf = (nonce: number) => makeReceipt({ key: 1, epochId: 4, nonce }).receiptId;

/** What the ledger holds is exactly these receipts, every sum included. */
async function expectExactly(store: LedgerStore, recorded: readonly number[], accepted: number) {
  for (const nonce of recorded) expect(await store.getReceipt(idOf(nonce))).toBeDefined();
  expect(await store.countOpen()).toBe(recorded.length - accepted);
  expect(await store.epochEntries(4)).toHaveLength(accepted);
  const worker = await store.getWorker(publicKeyHexOf(1));
  expect(worker).toMatchObject({ accepted, creditedUnits: BigInt(accepted) * DEFAULT_UNITS });
  expect((await store.epochCredits(4)).reduce((sum, row) => sum + row.accepted, 0)).toBe(accepted);
}

const diskFaults = hasDiskFaults();

(diskFaults ? describePostgres : describe.skip)(
  'the PostgreSQL ledger when the disk is full',
  () => {
    const postgres = new PostgresFixture(diskFaults ? { smallDiskKiB: 1_024 } : {});

    it('says so, records nothing of what it refused, and goes on once there is room', async () => {
      const store = await postgres.open();
      await openEpoch(store, 4);
      await postgres.sql(`CREATE TABLESPACE small LOCATION '${postgres.cluster.smallDiskDir}'`);
      await postgres.sql('ALTER TABLE receipts SET TABLESPACE small');
      const recorded: number[] = [];
      const refused: number[] = [];
      for (let from = 0; refused.length === 0 && from < 10_000; from += 50) {
        const nonces = Array.from({ length: 50 }, (_, i) => from + i);
        const results = await Promise.allSettled(
          nonces.map((nonce) => store.commitReceipt(inputOf(nonce))),
        );
        results.forEach((result, i) => {
          if (result.status === 'fulfilled') recorded.push(nonces[i]!);
          else refused.push(nonces[i]!);
          if (result.status === 'fulfilled') return;
          expect(result.reason).toMatchObject({
            code: 'disk_full',
            message: expect.stringMatching(/No space left on device/),
          });
        });
      }
      expect(recorded.length).toBeGreaterThan(0);
      expect(refused.length).toBeGreaterThan(0);
      for (const nonce of refused) expect(await store.getReceipt(idOf(nonce))).toBeUndefined();
      await expectExactly(store, recorded, 0);

      await postgres.sql('ALTER TABLE receipts SET TABLESPACE pg_default');
      for (const nonce of refused) {
        expect((await store.commitReceipt(inputOf(nonce))).kind).toBe('created');
      }
      await store.settleReceipt({ receiptId: idOf(0), outcome: 'accepted', atMs: 1 });
      await expectExactly(store, [...recorded, ...refused], 1);
    }, 120_000);
  },
);

describePostgres('the PostgreSQL ledger when the database only reads', () => {
  const postgres = new PostgresFixture();

  it('says so, reads on, and writes again once it is promoted', async () => {
    const store = await postgres.open({ retryMs: 300 });
    await openEpoch(store, 4);
    await store.commitReceipt(inputOf(0));
    await postgres.cluster.stop('fast');
    await postgres.cluster.start('standby');
    const readOnly = { code: 'read_only', message: expect.stringMatching(/read-only transaction/) };
    await expect(store.commitReceipt(inputOf(1))).rejects.toMatchObject(readOnly);
    const settle = { receiptId: idOf(0), outcome: 'accepted', atMs: 1 } as const;
    await expect(store.settleReceipt(settle)).rejects.toMatchObject(readOnly);
    await expect(store.check()).rejects.toMatchObject(readOnly);
    expect((await store.getReceipt(idOf(0)))?.outcome).toBe('open');
    expect(await store.getReceipt(idOf(1))).toBeUndefined();
    // What starts now finds the schema that is there, or says that it may not make one.
    const other = await postgres.open({ retryMs: 300 });
    expect((await other.latestEpoch())?.epochId).toBe(4);
    await expect(postgres.open({ retryMs: 300, schema: 'fresh' })).rejects.toMatchObject({
      code: 'read_only',
      message: expect.stringMatching(/^the database postgres at .*read-only transaction/),
    });

    // As a failover: calls that wait for it are answered.
    const patient = await postgres.open({ retryMs: 20_000 });
    const waiting = patient.commitReceipt(inputOf(2));
    await postgres.sql('SELECT pg_promote()');
    expect((await waiting).kind).toBe('created');
    expect((await store.settleReceipt(settle)).kind).toBe('settled');
    await expectExactly(store, [0, 2], 1);
  }, 120_000);

  it('by the role or the database alone: writes all the same, as the address names its primary', async () => {
    await postgres.sql('ALTER ROLE postgres SET default_transaction_read_only = on');
    try {
      const store = await postgres.open();
      await openEpoch(store, 4);
      expect((await store.commitReceipt(inputOf(0))).kind).toBe('created');
    } finally {
      const client = await postgres.connect();
      await client.query('SET default_transaction_read_only = off');
      await client.query('ALTER ROLE postgres RESET default_transaction_read_only');
      await client.end();
    }
  });
});
