import { describe, expect, it } from '@jest/globals';
import { parseDatabaseUrl, tlsOptions } from './database-address.ts';

const addressOf = (text: string) => {
  const parsed = parseDatabaseUrl(text);
  if (!parsed.ok) throw new Error(parsed.expected);
  return parsed.address;
};

describe('parseDatabaseUrl', () => {
  it('reads every part, percent-encoding undone', () => {
    expect(
      addressOf(
        'postgresql://us%40er:p%3A%2Fw@db.example:6000/tops?sslmode=verify-ca&sslrootcert=/ca',
      ),
    ).toEqual({
      ...{ host: 'db.example', port: 6000, user: 'us@er', password: 'p:/w', database: 'tops' },
      ...{ sslMode: 'verify-ca', caFile: '/ca', certificateFile: undefined, keyFile: undefined },
    });
  });

  it.each([
    ['postgres://u@db/tops', 'verify-full'],
    ['postgres://u@10.0.0.1/tops', 'verify-full'],
    ['postgres://u@localhost/tops', 'disable'],
    ['postgres://u@[::1]/tops', 'disable'],
    ['postgres://u@%2Frun%2Fpostgresql/tops', 'disable'],
    ['postgres://u@localhost/tops?host=/run/postgresql', 'disable'],
    ['postgres://u@db/tops?sslmode=disable', 'disable'],
  ])('encrypts by default to another machine only: %s', (text, sslMode) => {
    expect(addressOf(text)).toMatchObject({ sslMode, port: 5432, password: undefined });
  });

  it.each([
    ['no address', 'tops'],
    ['another scheme', 'mysql://u@db/tops'],
    ['no user', 'postgres://db/tops'],
    ['no database', 'postgres://u@db'],
    ['two databases', 'postgres://u@db/a/b'],
    ['an unknown sslmode', 'postgres://u@db/tops?sslmode=prefer'],
    ['an unknown parameter', 'postgres://u@db/tops?options=-c'],
    ['broken percent-encoding', 'postgres://u:%zz@db/tops'],
    ['a port that is none', 'postgres://u@db:99999/tops'],
  ])('refuses %s and never shows the secret', (_, text) => {
    const parsed = parseDatabaseUrl(text.replace('u@', 'u:s3cret@'));
    expect(parsed).toMatchObject({ ok: false });
    expect(JSON.stringify(parsed)).not.toContain('s3cret');
  });
});

describe('tlsOptions', () => {
  it('checks what the mode says', () => {
    const options = (query: string) => tlsOptions(addressOf(`postgres://u@db/t${query}`));
    expect(options('?sslmode=disable')).toBe(false);
    expect(options('?sslmode=require')).toMatchObject({ rejectUnauthorized: false });
    expect(options('?sslmode=verify-ca')).toMatchObject({ rejectUnauthorized: true });
    expect(options('')).toEqual({ rejectUnauthorized: true });
    // A socket of this machine is not encrypted, whatever is asked.
    expect(tlsOptions(addressOf('postgres://u@%2Frun/t?sslmode=require'))).toBe(false);
  });
});
