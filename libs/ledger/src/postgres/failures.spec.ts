import { afterEach, expect, it } from '@jest/globals';
import {
  acceptOne,
  commitInput,
  DEFAULT_UNITS,
  makeReceipt,
  openEpoch,
  publicKeyHexOf,
} from '../../test/ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';
import type { LedgerStore } from '../index.ts';
import { parseDatabaseUrl } from './database-address.ts';
import { Database } from './database.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describePostgres('the PostgreSQL ledger when the database', () => {
  const postgres = new PostgresFixture({ settings: { deadlock_timeout: '300ms' } });
  const databases: Database[] = [];
  afterEach(async () => {
    for (const database of databases.splice(0)) await database.close();
  });
  const openDatabase = (retryMs = 10_000) => {
    const parsed = parseDatabaseUrl(postgres.cluster.url());
    if (!parsed.ok) throw new Error(parsed.expected);
    const database = new Database({
      ...{ address: parsed.address, schema: postgres.schema, poolSize: 4, retryMs },
      ...{ connectTimeoutMs: 2_000, statementTimeoutMs: 5_000, lockTimeoutMs: 2_000 },
    });
    databases.push(database);
    return database;
  };

  /** Commits and accepts receipts until told to stop; returns what was acknowledged, and what failed. */
  const hammer = (stores: readonly LedgerStore[], isOver: () => boolean) => {
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    const one = async (key: number) => {
      for (let nonce = 0; !isOver(); nonce++) {
        const store = stores[(key + nonce) % stores.length]!;
        try {
          acknowledged.push(await acceptOneAnyhow(store, { key, epochId: 4, nonce }));
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const done = Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(one));
    return { acknowledged, failures, done };
  };
  const acceptOneAnyhow = async (
    store: LedgerStore,
    options: { key: number; epochId: number; nonce: number },
  ) => {
    const parsed = makeReceipt(options);
    const committed = await store.commitReceipt(
      commitInput(parsed, { maxOpen: 1_000, maxOpenNewKey: 1_000 }),
    );
    // `existing`: the commit arrived, its answer did not, and it was made again.
    expect(['created', 'existing']).toContain(committed.kind);
    const { receiptId } = parsed;
    const settled = await store.settleReceipt({ receiptId, outcome: 'accepted', atMs: 1 });
    expect(settled).toMatchObject({ record: { outcome: 'accepted' } });
    return receiptId;
  };
  const requireAll = async (store: LedgerStore, acknowledged: readonly string[]) => {
    const entries = await store.epochEntries(4);
    const accepted = new Set(
      entries.filter((entry) => entry.outcome === 'accepted').map((entry) => entry.receipt_id),
    );
    expect(acknowledged.filter((id) => !accepted.has(id))).toEqual([]);
    const credits = await store.epochCredits(4);
    const units = credits.reduce((sum, row) => sum + row.creditedUnits, 0n);
    expect(units).toBe(BigInt(accepted.size) * DEFAULT_UNITS);
  };

  it('crashes and restarts in the middle: loses nothing acknowledged, and fails nothing', async () => {
    // Recovery takes seconds where the disk is slow.
    const stores = await Promise.all([1, 2, 3].map(() => postgres.open({ retryMs: 60_000 })));
    await openEpoch(stores[0]!, 4);
    let over = false;
    const { acknowledged, failures, done } = hammer(stores, () => over);
    // It goes on before, between and after the crashes: work is under way whenever the server dies.
    const waitForMore = async () => {
      const count = acknowledged.length;
      while (acknowledged.length < count + 20 && failures.length === 0) await sleep(10);
    };
    for (let round = 0; round < 2; round++) {
      await waitForMore();
      await postgres.cluster.stop('immediate');
      await sleep(200);
      await postgres.cluster.start();
    }
    await waitForMore();
    over = true;
    await done;
    expect(failures).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    await requireAll(stores[0]!, acknowledged);
  }, 180_000);

  it('ends connections under way: every call is made again, none counts twice', async () => {
    const stores = await Promise.all([postgres.open(), postgres.open()]);
    await openEpoch(stores[0]!, 4);
    let over = false;
    const { acknowledged, failures, done } = hammer(stores, () => over);
    for (let round = 0; round < 15; round++) {
      await sleep(60);
      await postgres.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'tops-verifier'`);
    }
    over = true;
    await done;
    expect(failures).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(15);
    await requireAll(stores[0]!, acknowledged);
  }, 60_000);

  it('falls silent in the middle of a connection: gives that up and takes another', async () => {
    const store = await postgres.open({ statementTimeoutMs: 500, retryMs: 20_000 });
    await openEpoch(store, 4);
    const sessions = await postgres.sql(`SELECT pid FROM pg_stat_activity
      WHERE application_name = 'tops-verifier'`);
    const pids = sessions.map((row) => Number(row['pid']));
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      const input = commitInput(makeReceipt({ key: 1, epochId: 4, nonce: 1 }));
      expect((await store.commitReceipt(input)).kind).toBe('created');
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
  }, 60_000);

  it('stays away: says so in bounded time, and works again when it is back', async () => {
    const store = await postgres.open({ retryMs: 300, connectTimeoutMs: 500 });
    await openEpoch(store, 4);
    await postgres.cluster.stop('fast');
    try {
      const lost = { code: 'connection_lost' };
      const startedAt = performance.now();
      const input = commitInput(makeReceipt({ key: 1, epochId: 4, nonce: 1 }));
      await expect(store.commitReceipt(input)).rejects.toMatchObject(lost);
      await expect(store.getEpoch(4)).rejects.toMatchObject(lost);
      await expect(store.check()).rejects.toMatchObject(lost);
      await expect(postgres.open({ retryMs: 300 })).rejects.toMatchObject({
        ...lost,
        message: expect.stringMatching(/^the database postgres at .*: connect E/),
      });
      expect(performance.now() - startedAt).toBeLessThan(8_000);
    } finally {
      await postgres.cluster.start();
    }
    await store.check();
    expect(await acceptOne(store, { key: 1, epochId: 4, nonce: 1 })).toHaveLength(64);
  }, 60_000);

  it('refuses the password, or has no such database: says which', async () => {
    const { cluster } = postgres;
    const url = cluster.url().replace(/:[^:@]*@/, ':wrong@');
    await expect(postgres.open({ url })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/password authentication failed/),
    });
    await expect(postgres.open({ url: cluster.url('elsewhere') })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/"elsewhere" does not exist/),
    });
    const encrypted = cluster.tcpUrl({ query: { sslmode: 'verify-full' } });
    await expect(postgres.open({ url: encrypted })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/does not support SSL.*add sslmode=disable/),
    });
    await expect(postgres.open({ url: 'mysql://x' })).rejects.toMatchObject({
      code: 'input_invalid',
    });
    await expect(postgres.open({ schema: 'a"; DROP' })).rejects.toMatchObject({
      code: 'input_invalid',
    });
  });

  it('would lose commits in a power cut: is refused, and no role may turn that off for the ledger', async () => {
    await postgres.sql('ALTER SYSTEM SET fsync = off');
    await postgres.sql('SELECT pg_reload_conf()');
    try {
      await sleep(200);
      await expect(postgres.open()).rejects.toMatchObject({
        code: 'io',
        message: expect.stringContaining('fsync=on, got off'),
      });
    } finally {
      await postgres.sql('ALTER SYSTEM RESET fsync');
      await postgres.sql('SELECT pg_reload_conf()');
    }
    await postgres.sql('ALTER ROLE postgres SET synchronous_commit = off');
    try {
      const setting = () =>
        openDatabase().read((session) => session.query('SHOW synchronous_commit'));
      expect((await setting())[0]?.text('synchronous_commit')).toBe('on');
    } finally {
      await postgres.sql('ALTER ROLE postgres RESET synchronous_commit');
    }
  });

  it('answers too slowly: gives up each call, refuses what finds no connection, and recovers', async () => {
    const store = await postgres.open({
      poolSize: 4,
      connectTimeoutMs: 250,
      statementTimeoutMs: 1_000,
    });
    await openEpoch(store, 4);
    const blocker = await postgres.connect();
    await blocker.query('BEGIN; LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE');
    const id = makeReceipt({ key: 1, epochId: 4, nonce: 1 }).receiptId;
    const reads = await Promise.allSettled([1, 2, 3].map(() => store.getReceipt(id)));
    for (const read of reads) expect(read).toMatchObject({ reason: { code: 'overloaded' } });
    const messages = reads.map((read) => String((read as PromiseRejectedResult).reason)).join();
    expect(messages).toContain('statement timeout');
    expect(messages).toContain('every connection to the database is in use');
    await blocker.query('ROLLBACK');
    await blocker.end();
    expect(await store.getReceipt(id)).toBeUndefined();
  });

  it('stops a batch for a deadlock with somebody else: makes it again', async () => {
    const store = await postgres.open();
    await openEpoch(store, 4);
    const [low, high] = [1, 2].sort((a, b) => (publicKeyHexOf(a) < publicKeyHexOf(b) ? -1 : 1)) as [
      number,
      number,
    ];
    for (const key of [low, high]) await acceptOne(store, { key, epochId: 4, nonce: 1 });
    const rival = await postgres.connect();
    const lock = (key: number) =>
      rival.query('SELECT 1 FROM workers WHERE public_key = $1 FOR UPDATE', [
        Buffer.from(publicKeyHexOf(key), 'hex'),
      ]);
    await rival.query(`SET deadlock_timeout TO '10s'`);
    await rival.query('BEGIN');
    await lock(high);
    const commits = Promise.all(
      [low, high].map((key) =>
        store.commitReceipt(commitInput(makeReceipt({ key, epochId: 4, nonce: 2 }))),
      ),
    );
    await sleep(100);
    // Now each waits for the other; the store's session looks for that first, and is the one to be stopped.
    await lock(low);
    await rival.query('COMMIT');
    await rival.end();
    expect((await commits).map((result) => result.kind)).toEqual(['created', 'created']);
    expect(postgres.cluster.log).toContain('deadlock detected');
  });

  it('keeps rolling back in favour of others: tries a bounded number of times', async () => {
    const database = openDatabase();
    let attempts = 0;
    const conflict = () => {
      attempts++;
      return Promise.reject(Object.assign(new Error('could not serialize'), { code: '40001' }));
    };
    await expect(database.transaction(conflict)).rejects.toMatchObject({ code: 'overloaded' });
    expect(attempts).toBe(7);
    let left = 3;
    const passing = () => (left-- > 0 ? conflict() : Promise.resolve('done'));
    expect(await database.transaction(passing)).toBe('done');
    // What is no conflict is not tried again.
    attempts = 0;
    const fault = () => {
      attempts++;
      return Promise.reject(Object.assign(new Error('check'), { code: '23514' }));
    };
    await expect(database.transaction(fault)).rejects.toMatchObject({ code: 'input_invalid' });
    expect(attempts).toBe(1);
  });

  it('refuses one member of a batch: the others are recorded', async () => {
    const store = await postgres.open();
    await openEpoch(store, 4);
    const good = [1, 2, 4].map((key) => commitInput(makeReceipt({ key, epochId: 4, nonce: 1 })));
    const parsed = makeReceipt({ key: 3, epochId: 4, nonce: 1 });
    // Text that PostgreSQL does not take, which no parsed receipt holds.
    const receipt = { ...parsed.receipt, driver_hint: 'x' };
    const bad = commitInput({ ...parsed, receipt, workerDid: 'did\0' });
    const results = await Promise.allSettled(
      [good[0]!, good[1]!, bad, good[2]!].map((input) => store.commitReceipt(input)),
    );
    expect(results.map((result) => result.status)).toEqual([
      ...['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    ]);
    expect(results[2]).toMatchObject({ reason: { code: 'input_invalid' } });
    expect(await store.countOpen()).toBe(3);
    expect(await store.getWorker(parsed.receipt.public_key_hex)).toBeUndefined();
  });
});
