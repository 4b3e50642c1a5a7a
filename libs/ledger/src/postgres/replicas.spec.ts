import { bytesToHex } from '@tops/crypto';
import { expect, it } from '@jest/globals';
import {
  commitInput,
  DEFAULT_UNITS,
  entropyOf,
  EPOCH_MS,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from '../../test/ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';
import { ledgerRoot, type LedgerStore } from '../index.ts';

const none: ReadonlyMap<string, number> = new Map();

describePostgres('several replicas on one database', () => {
  const postgres = new PostgresFixture();
  const openThree = () => Promise.all([1, 2, 3].map(() => postgres.open()));
  const commit = (store: LedgerStore, key: number, nonce: number, options = {}) =>
    store.commitReceipt(commitInput(makeReceipt({ key, epochId: 4, nonce }), options));

  it('make one beacon of all their entropies, and one head', async () => {
    const stores = await openThree();
    const opened = await Promise.all(
      Array.from({ length: 30 }, (_, seed) =>
        stores[seed % 3]!.openEpoch({
          epochId: 4,
          entropy: entropyOf(seed),
          opensAtMs: 4 * EPOCH_MS,
          closesAtMs: 5 * EPOCH_MS,
        }),
      ),
    );
    expect(new Set(opened.map((epoch) => bytesToHex(epoch.prevHash))).size).toBe(1);
    for (let nonce = 0; nonce < 4; nonce++) {
      await commit(stores[nonce % 3]!, 1, nonce);
      const { receiptId } = makeReceipt({ key: 1, epochId: 4, nonce });
      await stores[(nonce + 1) % 3]!.settleReceipt({ receiptId, outcome: 'accepted', atMs: 1 });
    }
    const sealed = await Promise.all(
      Array.from({ length: 12 }, (_, i) => stores[i % 3]!.sealEpoch({ epochId: 4 })),
    );
    expect(new Set(sealed.map((epoch) => bytesToHex(epoch.sealed!.head))).size).toBe(1);
    expect(sealed[0]?.sealed?.entryCount).toBe(4);
  });

  it('take a nonce once, cap a key together, and settle a receipt once', async () => {
    const stores = await openThree();
    await openEpoch(stores[0]!, 4);
    // Two different receipts for one nonce, sent everywhere at once.
    const rivals = [1, 2].map((workRoot) =>
      makeReceipt({ key: 9, epochId: 4, nonce: 1, workRoot }),
    );
    const taken = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        stores[i % 3]!.commitReceipt(commitInput(rivals[i % 2]!)),
      ),
    );
    const kinds = taken.map((result) => result.kind).sort();
    expect(kinds.filter((kind) => kind === 'created')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'existing')).toHaveLength(5);
    expect(kinds.filter((kind) => kind === 'nonce_already_used')).toHaveLength(6);

    const capped = await Promise.all(
      Array.from({ length: 30 }, (_, nonce) => commit(stores[nonce % 3]!, 1, nonce)),
    );
    expect(capped.filter((result) => result.kind === 'created')).toHaveLength(4);
    expect(await stores[1]!.countOpen({ publicKeyHex: publicKeyHexOf(1) })).toBe(4);

    const created = capped.find((result) => result.kind === 'created')!;
    const receiptId = 'record' in created ? created.record.receiptId : '';
    const settled = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        stores[i % 3]!.settleReceipt({ receiptId, outcome: 'accepted', atMs: i }),
      ),
    );
    expect(settled.filter((result) => result.kind === 'settled')).toHaveLength(1);
    expect((await stores[2]!.getWorker(publicKeyHexOf(1)))?.creditedUnits).toBe(DEFAULT_UNITS);
  });

  it('agree on every sum after commits, verdicts, revocations and expiries went on all at once', async () => {
    const stores = await openThree();
    await openEpoch(stores[0]!, 4);
    const keys = [1, 2, 3, 4, 5, 6];
    const perKey = 60;
    const pick = (n: number) => stores[n % 3]!;
    const lives = keys.flatMap((key) =>
      Array.from({ length: perKey }, async (_, nonce) => {
        const parsed = makeReceipt({ key, epochId: 4, nonce });
        const result = await pick(key + nonce).commitReceipt(
          commitInput(parsed, { maxOpen: 1_000, maxOpenNewKey: 1_000 }),
        );
        if (result.kind !== 'created') return result.kind;
        if (nonce % 10 === 9) return 'unanswered';
        // Key 6 is caught in the middle; every verdict comes twice, from different replicas.
        const outcome = key === 6 && nonce === 31 ? 'rejected' : 'accepted';
        const settle = { receiptId: parsed.receiptId, outcome, atMs: 7 } as const;
        await Promise.all([
          pick(nonce).settleReceipt(settle),
          pick(nonce + 1).settleReceipt(settle),
        ]);
        return outcome;
      }),
    );
    await Promise.all(lives);
    const nowMs = 9 * EPOCH_MS;
    const sweep = () =>
      Promise.all(stores.map((store) => store.expireChallenges({ nowMs, answersInFlight: none })));
    const missed = [...(await sweep()), ...(await sweep())].reduce((a, b) => a + b);
    const sealed = await Promise.all(stores.map((store) => store.sealEpoch({ epochId: 4 })));
    const entries = await stores[0]!.epochEntries(4);
    expect(bytesToHex(sealed[2]!.sealed!.ledgerRoot)).toBe(bytesToHex(ledgerRoot(entries)));
    expect(entries).toHaveLength(sealed[0]!.sealed!.entryCount);
    expect(new Set(entries.map((entry) => entry.receipt_id)).size).toBe(entries.length);
    const countOf = (outcome: string) => entries.filter((e) => e.outcome === outcome).length;
    expect(countOf('missed')).toBe(missed);
    expect(countOf('rejected')).toBe(1);

    const credits = await stores[1]!.epochCredits(4);
    const workers = await stores[2]!.listWorkers({ limit: 10 });
    const sum = (of: (row: (typeof credits)[0]) => number | bigint) =>
      credits.reduce((total, row) => total + BigInt(of(row)), 0n);
    expect(sum((row) => row.accepted)).toBe(BigInt(countOf('accepted')));
    expect(sum((row) => row.missed)).toBe(BigInt(missed));
    expect(sum((row) => row.revoked)).toBe(BigInt(countOf('revoked')));
    expect(sum((row) => row.creditedUnits)).toBe(BigInt(countOf('accepted')) * DEFAULT_UNITS);
    expect(
      workers.map(({ publicKeyHex, creditedUnits, accepted }) => [
        publicKeyHex,
        creditedUnits,
        accepted,
      ]),
    ).toEqual(credits.map((row) => [row.publicKeyHex, row.creditedUnits, row.accepted]));
    const cheater = credits.find((row) => row.publicKeyHex === publicKeyHexOf(6))!;
    // What it had accepted before is taken back, and what it had open then; later commits may stand.
    expect(cheater.revoked).toBeGreaterThan(0);
    expect(cheater.rejected).toBe(1);
  });

  it('seal an epoch or let a receipt into it, whichever replica does what', async () => {
    const stores = await openThree();
    const outcomes: string[] = [];
    for (let epochId = 10; epochId < 30; epochId++) {
      await openEpoch(stores[0]!, epochId);
      const late = commitInput(makeReceipt({ key: 2, epochId, nonce: 1 }));
      const [sealing, committing] = await Promise.allSettled([
        stores[epochId % 3]!.sealEpoch({ epochId }),
        stores[(epochId + 1) % 3]!.commitReceipt(late),
      ]);
      const sealed = sealing.status === 'fulfilled';
      expect(committing.status === 'fulfilled').toBe(!sealed);
      const loser = sealed ? committing : sealing;
      const code = sealed ? 'epoch_sealed' : 'receipts_open';
      expect(loser).toMatchObject({ status: 'rejected', reason: { code } });
      outcomes.push(code);
      const { receiptId } = late.parsed;
      if (sealed) continue;
      await stores[2]!.settleReceipt({ receiptId, outcome: 'accepted', atMs: 1 });
      expect((await stores[1]!.sealEpoch({ epochId })).sealed?.entryCount).toBe(1);
    }
    expect(outcomes).toHaveLength(20);
  });

  it('leave a challenge open that another replica has an answer to', async () => {
    const [here, there] = (await openThree()) as [LedgerStore, LedgerStore, LedgerStore];
    await openEpoch(here, 4);
    const at = 4 * EPOCH_MS;
    const deadline = at + 10_000;
    const sweep = (store: LedgerStore, nowMs: number, answersInFlight = none) =>
      store.expireChallenges({ nowMs, answersInFlight });
    // A replica that takes answers has swept once before.
    await sweep(there, at);
    const answered = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
    const silent = makeReceipt({ key: 1, epochId: 4, nonce: 2 });
    await here.commitReceipt(commitInput(answered, { receivedAtMs: at }));
    await here.commitReceipt(commitInput(silent, { receivedAtMs: at }));

    // The other one has not said yet what reached it until the deadline.
    expect(await sweep(here, deadline + 1)).toBe(0);
    // Its clock is behind: what arrives there now may still be in time.
    await sweep(there, deadline, new Map([[answered.receiptId, deadline]]));
    expect(await sweep(here, deadline + 2_000)).toBe(0);
    // Now it has swept past; it holds one answer in time, and one that came too late and holds nothing open.
    const leases = new Map([
      [answered.receiptId, deadline],
      [silent.receiptId, deadline + 1],
    ]);
    const missedThere = await sweep(there, deadline + 1, leases);
    const missedHere = await sweep(here, deadline + 2_001);
    expect(missedThere + missedHere).toBe(1);
    expect((await here.getReceipt(silent.receiptId))?.outcome).toBe('missed');
    expect((await here.getReceipt(answered.receiptId))?.outcome).toBe('open');
    const settle = { receiptId: answered.receiptId, outcome: 'accepted', atMs: 1 } as const;
    expect((await there.settleReceipt(settle)).kind).toBe('settled');
  });

  it('wait for a replica that died with an answer only until its lease ends', async () => {
    const [here, there] = (await openThree()) as [LedgerStore, LedgerStore, LedgerStore];
    await openEpoch(here, 4);
    const at = 4 * EPOCH_MS;
    const parsed = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
    await here.commitReceipt(commitInput(parsed, { receivedAtMs: at }));
    const answersInFlight = new Map([[parsed.receiptId, at]]);
    await there.expireChallenges({ nowMs: at + 99_999, answersInFlight });
    const sweep = () => here.expireChallenges({ nowMs: at + 99_999, answersInFlight: none });
    expect(await sweep()).toBe(0);
    await postgres.sql(`UPDATE replicas SET heartbeat_at = heartbeat_at - interval '16 seconds'
      WHERE cardinality(leased_receipts) > 0`);
    expect(await sweep()).toBe(1);
    // The dead one comes back: what it settles now changes nothing, and it is told so.
    const settle = { receiptId: parsed.receiptId, outcome: 'accepted', atMs: 1 } as const;
    expect(await there.settleReceipt(settle)).toMatchObject({
      kind: 'unchanged',
      record: { outcome: 'missed' },
    });
  });

  it('hear from a replica that seals for a long time, and wait for it', async () => {
    const [here, there] = (await openThree()) as [LedgerStore, LedgerStore, LedgerStore];
    await openEpoch(here, 4);
    await openEpoch(here, 5);
    await there.expireChallenges({ nowMs: 1, answersInFlight: none });
    const late = makeReceipt({ key: 1, epochId: 5, nonce: 1 });
    await here.commitReceipt(commitInput(late));
    // As if its last sweep lay so far back, by its own clock and by the database's.
    await postgres.sql(`UPDATE replicas SET heartbeat_at = heartbeat_at - interval '16 seconds'`);
    const now = performance.now.bind(performance);
    performance.now = () => now() + 16_000;
    try {
      await there.sealEpoch({ epochId: 4 });
    } finally {
      performance.now = now;
    }
    expect(await here.expireChallenges({ nowMs: 9e12, answersInFlight: none })).toBe(0);
    expect((await here.getReceipt(late.receiptId))?.outcome).toBe('open');
  });

  it('do not wait for a replica that closed, nor for one that never took answers', async () => {
    const [here, there] = (await openThree()) as [LedgerStore, LedgerStore, LedgerStore];
    await openEpoch(here, 4);
    await there.expireChallenges({ nowMs: 1, answersInFlight: none });
    await here.commitReceipt(commitInput(makeReceipt({ key: 1, epochId: 4, nonce: 1 })));
    const sweep = () => here.expireChallenges({ nowMs: 9e12, answersInFlight: none });
    expect(await sweep()).toBe(0);
    await there.close();
    expect(await sweep()).toBe(1);
  });

  it('tell how far their clocks are from the database', async () => {
    const [right, ahead, behind] = await Promise.all(
      [0, 2_500, -2_500].map((offMs) => postgres.open({}, () => Date.now() + offMs)),
    );
    await Promise.all([right, ahead, behind].map((store) => store!.check()));
    const skews = [right, ahead, behind].map((store) => store!.clockSkewMs!());
    expect(Math.abs(skews[0]!)).toBeLessThan(500);
    expect(Math.abs(skews[1]! - 2_500)).toBeLessThan(500);
    expect(Math.abs(skews[2]! + 2_500)).toBeLessThan(500);
  });
});
