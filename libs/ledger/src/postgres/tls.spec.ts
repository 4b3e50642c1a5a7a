import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { describePostgres, PostgresFixture } from '../../test/postgres-fixture.ts';

const file = (name: string) => fileURLToPath(new URL(`../../test/tls/${name}`, import.meta.url));
const read = (name: string) => readFileSync(file(name), 'utf8');

describePostgres('TLS to the database', () => {
  const postgres = new PostgresFixture({
    tls: { certificate: read('server.crt'), key: read('server.key') },
  });
  // The certificate names localhost alone.
  const url = (host: string, query: Record<string, string>) =>
    postgres.cluster.tcpUrl({ host, query });
  const ca = file('ca.crt');

  it.each([
    [
      'verify-full with the right authority and name',
      'localhost',
      { sslmode: 'verify-full', sslrootcert: ca },
    ],
    ['verify-ca whatever the name', '127.0.0.1', { sslmode: 'verify-ca', sslrootcert: ca }],
    ['require whoever signed', '127.0.0.1', { sslmode: 'require' }],
  ])('connects by %s', async (_, host, query) => {
    await postgres.open({ url: url(host, query) });
    const sessions =
      await postgres.sql(`SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE application_name = 'tops-verifier'`);
    expect(sessions).toEqual([{ ssl: true }]);
  });

  it.each([
    [
      'another name',
      '127.0.0.1',
      { sslmode: 'verify-full', sslrootcert: ca },
      /IP: 127\.0\.0\.1 is not in the cert/,
    ],
    [
      'an authority nobody trusts',
      'localhost',
      { sslmode: 'verify-full' },
      /unable to verify|self-signed/,
    ],
    [
      'such an authority, by verify-ca',
      'localhost',
      { sslmode: 'verify-ca' },
      /unable to verify|self-signed/,
    ],
  ])('refuses %s', async (_, host, query, message) => {
    await expect(postgres.open({ url: url(host, query), retryMs: 0 })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(message),
    });
  });

  it('takes the authorities from the option where the address names none', async () => {
    await postgres.open({ url: url('localhost', { sslmode: 'verify-full' }), caFile: ca });
    const missing = { url: url('localhost', { sslmode: 'verify-full' }), caFile: '/nowhere' };
    await expect(postgres.open(missing)).rejects.toMatchObject({ code: 'input_invalid' });
  });
});
