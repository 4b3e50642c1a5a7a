import { afterAll, afterEach, beforeAll, beforeEach, describe } from '@jest/globals';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { Client } from 'pg';
import type { LedgerStore } from '../src/index.ts';
import { openPostgresLedger, type PostgresLedgerOptions } from '../src/postgres/postgres-ledger.ts';

const binaries = postgresUnderTest();

/** `describe` where there is a PostgreSQL server. */
export const describePostgres: typeof describe | typeof describe.skip =
  binaries === undefined ? describe.skip : describe;

type ClusterOptions = Parameters<typeof PostgresCluster.create>[1];

/** One server for a spec file, and a fresh schema for each of its tests. Stores are closed after each. */
export class PostgresFixture {
  #cluster: PostgresCluster | undefined;
  #schemaCount = 0;
  #stores: LedgerStore[] = [];

  constructor(options: ClusterOptions = {}) {
    beforeAll(async () => {
      if (binaries !== undefined) this.#cluster = await PostgresCluster.create(binaries, options);
    }, 120_000);
    beforeEach(() => {
      this.#schemaCount++;
    });
    afterEach(async () => {
      await Promise.all(this.#stores.map((store) => store.close()));
      this.#stores = [];
    });
    afterAll(() => this.#cluster?.remove());
  }

  get cluster(): PostgresCluster {
    if (this.#cluster === undefined) throw new Error('no PostgreSQL');
    return this.#cluster;
  }

  get schema(): string {
    return `test_${this.#schemaCount}`;
  }

  /** Another replica on the test's schema. */
  async open(
    options: Partial<PostgresLedgerOptions> = {},
    nowMs: () => number = () => Date.now(),
  ): Promise<LedgerStore> {
    const store = await openPostgresLedger(
      { url: this.cluster.url(), schema: this.schema, ...options },
      { nowMs },
    );
    this.#stores.push(store);
    return store;
  }

  /** One statement or several as the superuser, on the test's schema, outside any store. */
  async sql(text: string): Promise<Record<string, unknown>[]> {
    const client = await this.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** A connection of the test's own, to hold locks with. */
  async connect(): Promise<Client> {
    const { socketDir, port } = this.cluster;
    const client = new Client({
      ...{ host: socketDir, port, user: 'postgres', database: 'postgres' },
      password: new URL(this.cluster.tcpUrl()).password.replace(/%../g, decodeURIComponent),
    });
    client.on('error', () => undefined);
    await client.connect();
    await client.query(`SET search_path TO ${this.schema}`);
    return client;
  }
}
