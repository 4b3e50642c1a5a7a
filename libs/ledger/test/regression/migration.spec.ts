import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bytesToHex, hexToBytes } from '@tops/crypto';
import { nextHead, nextPrevHash } from '../../src/epoch-chain.ts';
import {
  ledgerRoot,
  openSqliteLedger,
  type EpochRecord,
  type LedgerEntry,
  type LedgerStore,
  type ReceiptRecord,
  type WorkerRecord,
} from '../../src/index.ts';
import { POSTGRES_SCHEMA_VERSION } from '../../src/postgres/migrations.ts';
import { Connection } from '../../src/sqlite/connection.ts';
import { migrate, SCHEMA_VERSION } from '../../src/sqlite/schema.ts';
import {
  acceptOne,
  commitInput,
  entropyOf,
  EPOCH_MS,
  makeReceipt,
  openEpoch,
} from '../ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../postgres-fixture.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../migration/${name}`, import.meta.url), 'utf8');

interface OldReadings {
  readonly epochs: readonly EpochRecord[];
  readonly perEpoch: readonly {
    readonly epochId: number;
    readonly entries: readonly LedgerEntry[];
    readonly credits: readonly object[];
    readonly openCount: number;
  }[];
  readonly receipts: readonly {
    readonly record: ReceiptRecord;
    readonly evidence?: Uint8Array;
  }[];
  readonly workers: readonly WorkerRecord[];
}

const old = JSON.parse(fixture('schema-1.json'), (_key, value: unknown) => {
  if (typeof value !== 'object' || value === null) return value;
  if ('units' in value) return BigInt(String(value.units));
  return 'hex' in value ? hexToBytes(String(value.hex)) : value;
}) as OldReadings;

/** Every row that was there reads as it did; later versions may tell more of it. */
async function expectOldReadings(store: LedgerStore): Promise<void> {
  expect(await store.listEpochs({ limit: 10 })).toMatchObject(old.epochs);
  expect(await store.listWorkers({ limit: 10 })).toMatchObject(old.workers);
  for (const { epochId, entries, credits, openCount } of old.perEpoch) {
    expect(await store.epochEntries(epochId)).toEqual(entries);
    expect(await store.epochCredits(epochId)).toMatchObject(credits);
    expect(await store.countOpen({ epochId })).toBe(openCount);
  }
  for (const { record, evidence } of old.receipts) {
    expect(await store.getReceipt(record.receiptId)).toMatchObject(record);
    const kept = await store.getEvidence(record.receiptId);
    expect(kept && bytesToHex(kept)).toBe(evidence && bytesToHex(evidence));
  }
}

/** New epochs chain on to the old ones, and what was decided before still holds. */
async function expectToGoOn(store: LedgerStore): Promise<void> {
  const [latest, sealed] = old.epochs as [EpochRecord, EpochRecord];
  await openEpoch(store, 14);
  expect(bytesToHex((await store.getEpoch(14))!.prevHash)).toBe(
    bytesToHex(
      nextPrevHash({
        previousPrevHash: latest.prevHash,
        latestHead: sealed.sealed!.head,
        epochId: 14,
        entropy: entropyOf(14),
      }),
    ),
  );
  const commit = async (options: Parameters<typeof makeReceipt>[0]) =>
    (await store.commitReceipt(commitInput(makeReceipt(options)))).kind;
  expect(await commit({ key: 1, epochId: 13, nonce: 0, label: 'rack-8' })).toBe('existing');
  expect(await commit({ key: 1, epochId: 13, nonce: 0, label: 'other' })).toBe(
    'nonce_already_used',
  );
  expect(await commit({ key: 4, epochId: 14, nonce: 1 })).toBe('key_quarantined');
  const added = await acceptOne(store, { key: 2, epochId: 13, nonce: 77 });
  expect(await store.expireChallenges({ nowMs: 20 * EPOCH_MS, answersInFlight: new Map() })).toBe(
    1,
  );
  const entries = await store.epochEntries(13);
  expect(entries.map((entry) => entry.receipt_id).at(-1)).toBe(added);
  const root = ledgerRoot(entries);
  const { sealed: seal } = await store.sealEpoch({ epochId: 13 });
  expect(seal?.entryCount).toBe(3);
  const head = nextHead({
    previousHead: sealed.sealed!.head,
    epochId: 13,
    entryCount: 3,
    ledgerRoot: root,
  });
  expect(bytesToHex(seal!.head)).toBe(bytesToHex(head));
}

it('what is compared is all there: five outcomes, evidence, a seal, a quarantine', () => {
  const outcomes = new Set(old.receipts.map(({ record }) => record.outcome));
  expect(outcomes).toEqual(new Set(['accepted', 'rejected', 'missed', 'revoked', 'open']));
  expect(old.receipts.filter(({ evidence }) => evidence !== undefined)).toHaveLength(1);
  expect(old.epochs.map((epoch) => epoch.sealed !== undefined)).toEqual([false, true, true]);
  expect(old.workers.some((worker) => worker.quarantinedUntilEpoch === 71)).toBe(true);
});

describe('a SQLite ledger of schema 1', () => {
  let dataDir: string;
  let path: string;
  const withFile = <T>(action: (connection: Connection) => T): T => {
    const connection = new Connection(path, { busyTimeoutMs: 0 });
    try {
      return action(connection);
    } finally {
      connection.close();
    }
  };

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'tops-ledger-old-'));
    mkdirSync(dataDir, { recursive: true });
    path = join(dataDir, 'ledger.sqlite');
    withFile((connection) => connection.execute(fixture('schema-1.sqlite.sql')));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  it('opens, reads as before and goes on', async () => {
    const store = await openSqliteLedger({ dataDir, lockWaitMs: 0 });
    await expectOldReadings(store);
    await expectToGoOn(store);
    await store.close();
    const version = withFile((file) => file.readText('SELECT max(version) FROM schema_version'));
    expect(Number(version)).toBe(SCHEMA_VERSION);
    const again = await openSqliteLedger({ dataDir, lockWaitMs: 0 });
    expect(await again.epochEntries(10)).toEqual(old.perEpoch.at(-1)?.entries);
    await again.close();
  });
});

describe('a migration of a SQLite ledger that finds no room', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tops-ledger-room-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** Migrates with ever more pages to spare; returns how often there were too few. */
  const migrateInto = (name: string, content: string, versionBefore: number): number => {
    const path = join(dir, name);
    const filled = new Connection(path, { busyTimeoutMs: 0 });
    filled.execute(`PRAGMA journal_mode = WAL; ${content}`);
    filled.close();
    for (let sparePages = 0; ; sparePages++) {
      const file = new Connection(path, { busyTimeoutMs: 0 });
      try {
        const pages = Number(file.readText('PRAGMA page_count'));
        file.readText(`PRAGMA max_page_count = ${Math.max(pages, 1) + sparePages}`);
        migrate(file);
        expect(Number(file.readText('SELECT max(version) FROM schema_version'))).toBe(
          SCHEMA_VERSION,
        );
        return sparePages;
      } catch (error) {
        expect(error).toMatchObject({ code: 'disk_full' });
      } finally {
        file.close();
      }
      // Whole steps or none: a half one would be in the way of itself when there is room.
      const after = new Connection(path, { busyTimeoutMs: 0 });
      const isNew = after.readText('SELECT count(*) FROM sqlite_schema') === '0';
      if (isNew) expect(versionBefore).toBe(0);
      else {
        const version = Number(after.readText('SELECT max(version) FROM schema_version'));
        expect(version).toBeGreaterThanOrEqual(Math.max(versionBefore, 1));
        expect(after.readText('PRAGMA integrity_check')).toBe('ok');
      }
      after.close();
    }
  };

  it('leaves the file as it was, and succeeds once there is some', async () => {
    expect(migrateInto('new.sqlite', '', 0)).toBeGreaterThan(3);
    migrateInto('ledger.sqlite', fixture('schema-1.sqlite.sql'), 1);
    const store = await openSqliteLedger({ dataDir: dir, lockWaitMs: 0 });
    await expectOldReadings(store);
    await store.close();
  });
});

describePostgres('a PostgreSQL ledger of schema 1', () => {
  const postgres = new PostgresFixture();
  beforeEach(async () => {
    await postgres.sql(`CREATE SCHEMA ${postgres.schema}; ${fixture('schema-1.postgres.sql')}`);
  });

  it('opens, for three replicas at once, reads as before and goes on', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => postgres.open()));
    for (const store of stores) await expectOldReadings(store);
    await expectToGoOn(stores[0]!);
    const versions = await postgres.sql('SELECT version FROM schema_version');
    expect(versions).toEqual([{ version: String(POSTGRES_SCHEMA_VERSION) }]);
  });
});
