import { afterAll, beforeAll, describe } from '@jest/globals';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { describeLedgerStore } from '../../test/ledger-store-conformance.ts';
import { openPostgresLedger } from './postgres-ledger.ts';

const binaries = postgresUnderTest();

(binaries === undefined ? describe.skip : describe)('on a PostgreSQL server', () => {
  let cluster: PostgresCluster;
  let schemaCount = 0;

  beforeAll(async () => {
    if (binaries !== undefined) cluster = await PostgresCluster.create(binaries);
  });
  afterAll(() => cluster.remove());

  describeLedgerStore('the PostgreSQL ledger', () => {
    const open = (options: { topsEpochs?: number } = {}) =>
      openPostgresLedger(
        { url: cluster.url(), schema: `ledger_${schemaCount}`, ...options },
        { nowMs: () => Date.now() },
      );
    return {
      openFresh: (options) => {
        schemaCount++;
        return open(options);
      },
      reopen: async (store) => {
        await store.close();
        return open();
      },
      // The whole cluster is thrown away at the end.
      cleanUp: () => Promise.resolve(),
    };
  });
});
