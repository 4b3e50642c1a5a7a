import { expect, it } from '@jest/globals';
import { actInput } from '../../test/conformance-acts.ts';
import { commitInput, makeReceipt, openEpoch, publicKeyHexOf } from '../../test/ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';
import { ALLOWED_KEYS_MAX, type ActInput, type LedgerStore } from '../index.ts';

describePostgres('what operators do, over several replicas', () => {
  const postgres = new PostgresFixture();
  const openTwo = () =>
    Promise.all([postgres.open(), postgres.open()]) as Promise<[LedgerStore, LedgerStore]>;
  const commit = (store: LedgerStore, nonce: number, options = {}) =>
    store.commitReceipt(commitInput(makeReceipt({ key: 1, epochId: 4, nonce }), options));

  it('one replica quarantines and releases, the other refuses and takes at once', async () => {
    const [here, there] = await openTwo();
    await openEpoch(here, 4);
    await here.recordAct(actInput(1, { kind: 'quarantine', untilEpochId: 9 }));
    expect(await commit(there, 1)).toEqual({ kind: 'key_quarantined', untilEpochId: 9 });
    await there.recordAct(actInput(1, { kind: 'release' }));
    expect((await commit(here, 1)).kind).toBe('created');
    // Nor does a key that one replica caught go on at another.
    const { receiptId } = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
    await there.settleReceipt({
      ...{
        receiptId,
        outcome: 'rejected',
        atMs: 1,
        row: 17,
        quarantine: { fromEpochId: 5, epochCount: 2, cleanEpochs: 1 },
      },
    });
    expect(await commit(here, 2)).toEqual({ kind: 'key_quarantined', untilEpochId: 7 });
  });

  it('acts of all replicas have an order, and whoever saw a version missed none before it', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => postgres.open()));
    const seen: { version: number; keys: readonly string[] }[] = [];
    let isActing = true;
    const watching = (async () => {
      while (isActing) {
        const list = await stores[2]!.allowList(seen.at(-1)?.version);
        if (list.keys !== undefined) seen.push({ version: list.version, keys: list.keys });
      }
    })();
    await Promise.all(
      Array.from({ length: 40 }, (_, key) =>
        stores[key % 2]!.recordAct(actInput(key, { kind: 'allow' })),
      ),
    );
    isActing = false;
    await watching;
    const acts = await stores[0]!.listActs({ limit: 100 });
    expect(acts).toHaveLength(40);
    for (const { version, keys } of seen) {
      for (const { sequence, publicKeyHex } of acts) {
        if (sequence <= version) expect(keys).toContain(publicKeyHex);
      }
    }
    const last = await stores[2]!.allowList(seen.at(-1)?.version);
    const keys = last.keys ?? seen.at(-1)!.keys;
    expect([...keys]).toEqual(Array.from({ length: 40 }, (_, key) => publicKeyHexOf(key)).sort());
  });

  it('connections that end under way make an act again, and record it once', async () => {
    const stores = await Promise.all([1, 2].map(() => postgres.open({ retryMs: 60_000 })));
    await openEpoch(stores[0]!, 4);
    const inputs: ActInput[] = [];
    let isOver = false;
    const acting = stores.map(async (store, which) => {
      for (let i = 0; !isOver; i++) {
        const kind = i % 2 === 0 ? 'allow' : 'disallow';
        const input = actInput(which, { kind });
        await store.recordAct(input);
        inputs.push(input);
      }
    });
    for (let round = 0; round < 12; round++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await postgres.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'tops-verifier'`);
    }
    isOver = true;
    await Promise.all(acting);
    const acts = await stores[0]!.listActs({ limit: 10_000 });
    const idsOf = (list: readonly { actId: string }[]) => list.map(({ actId }) => actId).sort();
    expect(idsOf(acts)).toEqual(idsOf(inputs));
    expect(inputs.length).toBeGreaterThan(4);
  });

  it('a rate is one rate, whichever replica is asked', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => postgres.open()));
    await openEpoch(stores[0]!, 4);
    const options = { maxOpen: 100, maxOpenNewKey: 100, maxPerSecond: 7 };
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, nonce) => commit(stores[nonce % 3]!, nonce, options)),
    );
    const kinds = results.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'created')).toHaveLength(7);
    expect(kinds.filter((kind) => kind === 'rate_limited')).toHaveLength(23);
    expect(await stores[0]!.countOpen()).toBe(7);
  });

  it.each([
    `UPDATE acts SET reason = 'another'`,
    'DELETE FROM acts',
    'DELETE FROM acts WHERE seq = 1',
    'TRUNCATE acts',
    `INSERT INTO acts (seq, act_id, at_ms, actor, reason, public_key, act) OVERRIDING SYSTEM VALUE
      SELECT seq + 100, act_id, at_ms, 'another', reason, public_key, act FROM acts
      ON CONFLICT (act_id) DO UPDATE SET actor = excluded.actor`,
    `INSERT INTO acts (seq, act_id, at_ms, actor, reason, public_key, act) OVERRIDING SYSTEM VALUE
      SELECT seq, act_id, at_ms, 'another', reason, public_key, act FROM acts
      ON CONFLICT (seq) DO UPDATE SET actor = excluded.actor`,
  ])('the database refuses: %s', async (statement) => {
    const store = await postgres.open();
    await store.recordAct(actInput(1, { kind: 'allow' }));
    const before = await store.listActs({ limit: 5 });
    await expect(postgres.sql(statement)).rejects.toThrow(/append-only/);
    expect(await store.listActs({ limit: 5 })).toEqual(before);
  });

  it('the list of allowed keys has an end, which a key that is on it does not feel', async () => {
    const store = await postgres.open();
    await postgres.sql(`INSERT INTO allowed_keys
      SELECT sha256(i::text::bytea), 0 FROM generate_series(2, ${ALLOWED_KEYS_MAX}) i`);
    expect(await store.recordAct(actInput(1, { kind: 'allow' }))).toMatchObject({ kind: 'done' });
    expect(await store.recordAct(actInput(2, { kind: 'allow' }))).toEqual({
      kind: 'allow_list_full',
    });
    expect(await store.recordAct(actInput(1, { kind: 'allow' }))).toMatchObject({ kind: 'done' });
    await store.recordAct(actInput(1, { kind: 'disallow' }));
    expect(await store.recordAct(actInput(2, { kind: 'allow' }))).toMatchObject({ kind: 'done' });
    expect(await store.listActs({ limit: 10 })).toHaveLength(4);
  });
});
