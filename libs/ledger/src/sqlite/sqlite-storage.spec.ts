import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectFirstSchemaMigrated, firstSchemaRows } from '../../test/first-schema.ts';
import { acceptMany, acceptOne, openEpoch } from '../../test/ledger-fixtures.ts';
import { Connection } from './connection.ts';
import { MIGRATIONS, SCHEMA_VERSION } from './schema.ts';
import { openDatabase, openSqliteLedger, requireDurable } from './sqlite-ledger.ts';

describe('the files of the SQLite ledger', () => {
  let parent: string;
  let dataDir: string;
  let databasePath: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'tops-ledger-'));
    dataDir = join(parent, 'nested', 'verifier');
    databasePath = join(dataDir, 'ledger.sqlite');
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  const open = () => openSqliteLedger({ dataDir, lockWaitMs: 0 });
  /** A closed ledger with enough receipts to fill several pages. */
  const makeLedger = async () => {
    const store = await open();
    await openEpoch(store, 4);
    await acceptMany(store, { key: 1, epochId: 4, count: 40 });
    await store.close();
  };
  /** Opens a copy of the database file, damaged before. */
  const openCopy = (damage: (path: string) => void) => {
    const copyDir = join(parent, 'copy');
    mkdirSync(copyDir);
    copyFileSync(databasePath, join(copyDir, 'ledger.sqlite'));
    damage(join(copyDir, 'ledger.sqlite'));
    return openSqliteLedger({ dataDir: copyDir, lockWaitMs: 0 });
  };
  const pagesOf = (path: string) => Math.floor(statSync(path).size / 4_096);
  const edit = (sql: string) => {
    const connection = new Connection(databasePath, { busyTimeoutMs: 0 });
    connection.execute(sql);
    connection.close();
  };

  it('makes the directory for its owner alone', async () => {
    const store = await open();
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    await store.close();
  });

  it('returns from COMMIT only once the log is on the disk, and refuses a connection that does not', async () => {
    await makeLedger();
    const connection = openDatabase(databasePath);
    try {
      // https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL.
      expect(connection.readText('PRAGMA synchronous')).toBe('2');
      expect(connection.readText('PRAGMA journal_mode')).toBe('wal');
      expect(() => requireDurable(connection, databasePath)).not.toThrow();
      for (const [mode, got] of [
        ['OFF', '0'],
        ['NORMAL', '1'],
      ]) {
        connection.execute(`PRAGMA synchronous = ${mode}`);
        expect(() => requireDurable(connection, databasePath)).toThrow(
          expect.objectContaining({ code: 'io', message: expect.stringContaining(`got ${got}`) }),
        );
      }
    } finally {
      connection.close();
    }
  });

  it('refuses a second opener of the directory until the first has closed', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'locked' });
    await openEpoch(first, 4);
    await first.close();
    const second = await open();
    expect((await second.latestEpoch())?.epochId).toBe(4);
    await second.close();
  });

  it('waits for a predecessor that is about to close', async () => {
    const first = await open();
    const second = openSqliteLedger({ dataDir, lockWaitMs: 20_000 });
    await first.close();
    await (await second).close();
  });

  it('leaves no lock behind when opening fails', async () => {
    await makeLedger();
    edit(`UPDATE schema_version SET version = ${SCHEMA_VERSION + 1}`);
    await expect(open()).rejects.toMatchObject({ code: 'schema_unknown' });
    edit(`UPDATE schema_version SET version = ${SCHEMA_VERSION}`);
    await (await open()).close();
  });

  it('refuses a database that is no ledger', async () => {
    await makeLedger();
    edit('PRAGMA application_id = 7');
    await expect(open()).rejects.toMatchObject({ code: 'schema_unknown' });
  });

  it('takes over a ledger of the first schema', async () => {
    mkdirSync(dataDir, { recursive: true });
    edit(`PRAGMA application_id = ${0x746f7073};
      CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT; INSERT INTO schema_version VALUES (1);
      ${MIGRATIONS[0]} ${firstSchemaRows((hex) => `x'${hex}'`)}`);
    const store = await open();
    await expectFirstSchemaMigrated(store);
    await store.close();
  });

  it('folds the write-ahead log in on close, so that the database file alone is whole', async () => {
    await makeLedger();
    expect(statSync(`${databasePath}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    const store = await openCopy(() => undefined);
    expect(await store.epochEntries(4)).toHaveLength(40);
    await store.close();
  });

  it.each<[string, (path: string) => void]>([
    ['a file of junk', (path) => writeFileSync(path, Buffer.alloc(8_192, 7))],
    ['a truncated file', (path) => truncateSync(path, (pagesOf(path) >> 1) << 12)],
    [
      'overwritten pages',
      (path) => {
        const descriptor = openSync(path, 'r+');
        for (let page = 1; page < pagesOf(path); page++) {
          writeSync(descriptor, Buffer.alloc(64, 0xee), 0, 64, page << 12);
        }
        closeSync(descriptor);
      },
    ],
  ])('says corrupt of %s', async (_, damage) => {
    await makeLedger();
    await expect(openCopy(damage)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('ignores a torn tail of the write-ahead log', async () => {
    const store = await open();
    await openEpoch(store, 4);
    await acceptOne(store, { key: 1, epochId: 4, nonce: 1 });
    // A crash leaves the log in place: copied while open, it looks as after one.
    const copyDir = join(parent, 'copy');
    mkdirSync(copyDir);
    for (const file of ['ledger.sqlite', 'ledger.sqlite-wal']) {
      copyFileSync(join(dataDir, file), join(copyDir, file));
    }
    await store.close();
    const logPath = join(copyDir, 'ledger.sqlite-wal');
    expect(statSync(logPath).size).toBeGreaterThan(0);
    appendFileSync(logPath, Buffer.alloc(5_000, 0xab));
    const recovered = await openSqliteLedger({ dataDir: copyDir, lockWaitMs: 0 });
    expect(await recovered.epochEntries(4)).toHaveLength(1);
    await recovered.close();
  });

  it('names a directory that cannot be made', async () => {
    writeFileSync(join(parent, 'file'), '');
    const beneathFile = { dataDir: join(parent, 'file', 'x'), lockWaitMs: 0 };
    await expect(openSqliteLedger(beneathFile)).rejects.toMatchObject({ code: 'io' });
  });
});
