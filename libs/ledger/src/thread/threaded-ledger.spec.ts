import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { acceptMany, commitInput, makeReceipt, openEpoch } from '../../test/ledger-fixtures.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { openSqliteLedger } from '../sqlite/sqlite-ledger.ts';
import { startLedgerThread, type StartLedgerThread } from './ledger-thread.ts';
import { openThreadedLedger } from './threaded-ledger.ts';

let dataDir: string;
let store: LedgerStore | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tops-ledger-thread-'));
  store = undefined;
});
afterEach(async () => {
  await store?.close();
  rmSync(dataDir, { recursive: true });
});

/** Opens with a hand on the thread. */
async function openWatched() {
  let worker: Worker | undefined;
  const startThread: StartLedgerThread = (data) => (worker = startLedgerThread(data));
  store = await openThreadedLedger({ dataDir, lockWaitMs: 0 }, { startThread });
  return { store, worker: worker! };
}

describe('a ledger on a thread', () => {
  it('holds the directory as one in the process does, and says so by its code', async () => {
    store = await openThreadedLedger({ dataDir, lockWaitMs: 0 });
    const second = openThreadedLedger({ dataDir, lockWaitMs: 0 });
    await expect(second).rejects.toMatchObject({ name: 'LedgerError', code: 'locked' });
    await expect(openSqliteLedger({ dataDir, lockWaitMs: 0 })).rejects.toMatchObject({
      code: 'locked',
    });
    await store.close();
    store = await openSqliteLedger({ dataDir, lockWaitMs: 0 });
  });

  it('leaves the event loop free while it writes', async () => {
    ({ store } = await openWatched());
    await openEpoch(store, 4);
    // Every write of the other adapter runs on the loop itself, so this would count to a few turns at most.
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    count();
    await acceptMany(store, { key: 1, epochId: 4, count: 400 });
    isOver = true;
    expect(turns).toBeGreaterThan(50);
  });

  it('answers the calls of one turn in their order, whatever else they are', async () => {
    ({ store } = await openWatched());
    await openEpoch(store, 4);
    const parsed = makeReceipt({ key: 1, epochId: 4, nonce: 1 });
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    await Promise.all([
      store.commitReceipt(commitInput(parsed)).then(note('commit')),
      store
        .settleReceipt({ receiptId: parsed.receiptId, outcome: 'accepted', atMs: 1 })
        .then(note('settle')),
    ]);
    expect(order).toEqual(['commit', 'settle']);
    expect((await store.getReceipt(parsed.receiptId))?.outcome).toBe('accepted');
  });

  it('gives the same standing as the reads it stands for', async () => {
    ({ store } = await openWatched());
    await openEpoch(store, 4);
    const [receiptId = ''] = await acceptMany(store, { key: 1, epochId: 4, count: 3 });
    const { publicKeyHex } = (await store.getReceipt(receiptId))!;
    const worker = await store.getWorker(publicKeyHex);
    expect(await store.getStanding({ receiptId, publicKeyHex })).toEqual({
      stored: await store.getReceipt(receiptId),
      reputation: {
        accepted: 3,
        streakUnits: worker!.streakUnits,
        missScore: worker!.missScore,
        probationEpochs: worker!.probationEpochs,
      },
    });
    const nobody = { receiptId: '00'.repeat(32), publicKeyHex: '11'.repeat(32) };
    expect(await store.getStanding(nobody)).toEqual({});
    expect(await store.getStanding({ receiptId: 'junk', publicKeyHex: 'junk' })).toEqual({});
  });

  it('rejects what waits and all that follows when the thread dies, having lost nothing it acknowledged', async () => {
    const { worker } = await openWatched();
    const ledger = store!;
    await openEpoch(ledger, 4);
    const [acknowledged = ''] = await acceptMany(ledger, { key: 1, epochId: 4, count: 1 });
    // Terminated in the turn of the call: it never gets there.
    const waiting = ledger.commitReceipt(
      commitInput(makeReceipt({ key: 2, epochId: 4, nonce: 1 })),
    );
    const lost = expect(waiting).rejects.toMatchObject({ name: 'LedgerError', code: 'io' });
    await worker.terminate();
    await lost;
    await expect(ledger.check()).rejects.toMatchObject({ name: 'LedgerError', code: 'io' });
    await ledger.close();
    store = await openSqliteLedger({ dataDir, lockWaitMs: 2000 });
    expect((await store.getReceipt(acknowledged))?.outcome).toBe('accepted');
  });

  it('carries the calls of the archive over, but for the one that takes a function', async () => {
    ({ store } = await openWatched());
    const { archive } = store;
    await openEpoch(store, 4);
    const [receiptId = ''] = await acceptMany(store, { key: 1, epochId: 4, count: 2 });
    await store.sealEpoch({ epochId: 4 });
    const signature = { signature: new Uint8Array(64), verifierKey: new Uint8Array(32), atMs: 1 };
    const [unsigned] = await archive.unsignedEpochs({ limit: 5 });
    expect(await archive.signHead({ epochId: 4, ...signature })).toMatchObject({
      sealed: { ...unsigned!.sealed, signed: signature },
    });
    expect(await archive.epochsFrom({ fromId: 0, limit: 5 })).toHaveLength(1);
    expect(await archive.epochReceipts(4, { limit: 5 })).toHaveLength(2);
    expect(await archive.entryPosition(receiptId)).toEqual({
      epochId: 4,
      sequence: expect.any(Number),
    });
    await expect(archive.rollReceipts({ epochId: 4, limit: 5 })).rejects.toMatchObject({
      code: 'input_invalid',
    });
    expect(await archive.rollableEpochs({ signedBeforeMs: 1, limit: 5 })).toHaveLength(1);
    await archive.markArchived({ epochId: 4, atMs: 2 });
    expect(await archive.rollReceipts({ epochId: 4, limit: 5 })).toBe(2);
    expect(await archive.archivedEpochOf(receiptId)).toBe(4);
    const nested = () => archive.exclusively(async () => 'inner');
    expect(await archive.exclusively(nested)).toBeUndefined();
    expect(await nested()).toBe('inner');
  });

  it('refuses calls beyond its bound at once, and takes them again later', async () => {
    ({ store } = await openWatched());
    const ledger = store;
    const calls = Array.from({ length: 8193 }, () => ledger.getEpoch(1));
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(results.at(-1)).toMatchObject({ reason: { code: 'overloaded' } });
    await expect(ledger.getEpoch(1)).resolves.toBeUndefined();
  });
});
