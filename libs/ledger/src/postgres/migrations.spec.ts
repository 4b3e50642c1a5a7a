import { expect, it } from '@jest/globals';
import { expectFirstSchemaMigrated, firstSchemaRows } from '../../test/first-schema.ts';
import { acceptOne, openEpoch } from '../../test/ledger-fixtures.ts';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';
import { MIGRATIONS, POSTGRES_SCHEMA_VERSION } from './migrations.ts';

describePostgres('the schema of the PostgreSQL ledger', () => {
  const postgres = new PostgresFixture();

  it('is made once by four replicas that start at the same time', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => postgres.open()));
    await openEpoch(stores[0]!, 4);
    expect((await stores[3]!.latestEpoch())?.epochId).toBe(4);
    const versions = await postgres.sql('SELECT version FROM schema_version');
    expect(versions).toEqual([{ version: String(POSTGRES_SCHEMA_VERSION) }]);
  });

  it('is waited for while another replica migrates', async () => {
    const other = await postgres.connect();
    await other.query('BEGIN; SELECT pg_advisory_xact_lock(1953460339)');
    let opened = false;
    const opening = postgres.open().then(() => (opened = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(opened).toBe(false);
    await other.query('COMMIT');
    await other.end();
    await opening;
  });

  it('takes over a ledger of the first schema', async () => {
    const { schema } = postgres;
    await postgres.sql(`CREATE SCHEMA ${schema}; SET search_path TO ${schema};
      CREATE TABLE schema_version (version bigint NOT NULL); INSERT INTO schema_version VALUES (1);
      ${MIGRATIONS[0]} ${firstSchemaRows((hex) => `'\\x${hex}'::bytea`)}`);
    await expectFirstSchemaMigrated(await postgres.open());
  });

  it.each([
    [
      'a newer version wrote it',
      `UPDATE schema_version SET version = ${POSTGRES_SCHEMA_VERSION + 1}`,
    ],
    ['its version is missing', 'DELETE FROM schema_version'],
    ['it is something else', 'DROP TABLE schema_version'],
  ])('is refused when %s', async (_, damage) => {
    const store = await postgres.open();
    await openEpoch(store, 4);
    await acceptOne(store, { key: 1, epochId: 4, nonce: 1 });
    await store.close();
    await postgres.sql(damage);
    await expect(postgres.open()).rejects.toMatchObject({ code: 'schema_unknown' });
    // And left as it was.
    expect(await postgres.sql('SELECT outcome FROM receipts')).toEqual([{ outcome: 'accepted' }]);
  });

  it('leaves nothing behind when a step fails', async () => {
    await postgres.sql(
      `CREATE SCHEMA ${postgres.schema}; CREATE TYPE ${postgres.schema}.credits AS (a int)`,
    );
    await expect(postgres.open()).rejects.toMatchObject({ code: 'io' });
    expect(
      await postgres.sql(`SELECT 1 FROM pg_tables WHERE schemaname = '${postgres.schema}'`),
    ).toEqual([]);
    await postgres.sql('DROP TYPE credits');
    await postgres.open();
  });

  it('is made by a role that owns its schema and may nothing else', async () => {
    await postgres.sql(`CREATE ROLE plain LOGIN PASSWORD 'p' NOSUPERUSER;
      CREATE SCHEMA ${postgres.schema} AUTHORIZATION plain`);
    const url = postgres.cluster.url().replace(/\/\/[^@]*@/, '//plain:p@');
    const store = await postgres.open({ url });
    await openEpoch(store, 4);
    await store.check();
  });
});
