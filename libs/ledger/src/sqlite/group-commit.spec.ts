import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LedgerError } from '../ledger-error.ts';
import { Connection } from './connection.ts';
import { GroupCommit } from './group-commit.ts';

describe('GroupCommit', () => {
  let directory: string;
  let connection: Connection;
  let executed: string[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tops-group-commit-'));
    connection = new Connection(join(directory, 'test.sqlite'), { busyTimeoutMs: 0 });
    connection.execute('PRAGMA journal_mode = WAL');
    connection.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, filler BLOB) STRICT');
    executed = [];
    const execute = connection.execute.bind(connection);
    connection.execute = (sql) => {
      executed.push(sql);
      execute(sql);
    };
  });
  afterEach(() => {
    connection.close();
    rmSync(directory, { recursive: true });
  });

  const groupCommit = (options: { queueLimit?: number; batchLimit?: number } = {}) =>
    new GroupCommit({ queueLimit: 100, batchLimit: 100, ...options }, connection);
  const insert = (id: number, fillerBytes = 0) => {
    const statement = connection.prepare('INSERT INTO t (id, filler) VALUES (?, ?)');
    return () => statement.run(id, new Uint8Array(fillerBytes));
  };
  const storedIds = () =>
    connection
      .prepare('SELECT id FROM t ORDER BY id')
      .all()
      .map((row) => row.integer('id'));
  const count = (sql: string) => executed.filter((other) => other === sql).length;

  it('commits the writes of one turn together, and resolves only after the commit', async () => {
    const writes = groupCommit();
    let resolvedBeforeCommit = false;
    const tracked = [1, 2, 3].map(async (id) => {
      await writes.run(insert(id));
      resolvedBeforeCommit ||= count('COMMIT') === 0;
    });
    expect(count('BEGIN IMMEDIATE')).toBe(0);
    await Promise.all(tracked);
    expect(resolvedBeforeCommit).toBe(false);
    expect(count('BEGIN IMMEDIATE')).toBe(1);
    expect(count('COMMIT')).toBe(1);
    expect(storedIds()).toEqual([1, 2, 3]);
  });

  it('rolls a failing member back alone, with all it had written', async () => {
    const writes = groupCommit();
    const results = await Promise.allSettled([
      writes.run(insert(1)),
      writes.run(() => {
        insert(2)();
        throw new LedgerError('epoch_sealed', 'changed its mind');
      }),
      writes.run(insert(1)),
      writes.run(insert(3)),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({ reason: { code: 'epoch_sealed' } });
    expect(results[2]).toMatchObject({ reason: { code: 'input_invalid' } });
    expect(storedIds()).toEqual([1, 3]);
    expect(count('COMMIT')).toBe(1);
  });

  it('rejects the whole batch when the disk is full, records nothing, and goes on afterwards', async () => {
    const writes = groupCommit();
    await writes.run(insert(1));
    connection.readText('PRAGMA max_page_count = 8');
    const results = await Promise.allSettled([
      writes.run(insert(2)),
      writes.run(insert(3, 100_000)),
      writes.run(insert(4)),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'disk_full' } });
    }
    expect(storedIds()).toEqual([1]);
    connection.readText('PRAGMA max_page_count = 1000000');
    await writes.run(insert(3, 100_000));
    expect(storedIds()).toEqual([1, 3]);
  });

  it('refuses more than the queue takes, and takes again once it is committed', async () => {
    const writes = groupCommit({ queueLimit: 2 });
    const waiting = [writes.run(insert(1)), writes.run(insert(2))];
    await expect(writes.run(insert(3))).rejects.toMatchObject({ code: 'overloaded' });
    await Promise.all(waiting);
    await writes.run(insert(4));
    expect(storedIds()).toEqual([1, 2, 4]);
  });

  it('splits a long queue into batches and keeps its order', async () => {
    const writes = groupCommit({ batchLimit: 3 });
    const order: number[] = [];
    const ids = [1, 2, 3, 4, 5, 6, 7];
    await Promise.all(
      ids.map(async (id) => order.push(await writes.run(insert(id)).then(() => id))),
    );
    expect(order).toEqual(ids);
    expect(count('COMMIT')).toBe(3);
  });

  it('commits what waits on close, and takes nothing after', async () => {
    const writes = groupCommit({ batchLimit: 2 });
    const waiting = Promise.all([1, 2, 3].map((id) => writes.run(insert(id))));
    writes.close();
    await waiting;
    expect(storedIds()).toEqual([1, 2, 3]);
    await expect(writes.run(insert(4))).rejects.toMatchObject({ code: 'closed' });
  });
});
