import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { LedgerError } from '../ledger-error.ts';

/** How the connection is encrypted, and what of the server is checked: as PostgreSQL's own sslmode of that name. */
export type SslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

/** Where the database is, in the words of `pg`. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly sslMode: SslMode;
  /** Files of the URL's sslrootcert, sslcert and sslkey. */
  readonly caFile: string | undefined;
  readonly certificateFile: string | undefined;
  readonly keyFile: string | undefined;
}

const SSL_MODES: readonly SslMode[] = ['disable', 'require', 'verify-ca', 'verify-full'];
const PARAMETERS = new Set(['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host']);
const PORT_DEFAULT = 5432;

/**
 * Reads postgres://user:password@host:port/database?sslmode=…, the form libpq takes. A host that begins with a slash
 * (%2Frun%2Fpostgresql, or ?host=/run/postgresql) is the directory of a Unix socket. Without sslmode, another machine is
 * reached by verify-full only: the default that sends a password to nobody but the server it is meant for.
 *
 * @returns what is wrong instead, without the secret.
 */
export function parseDatabaseUrl(
  text: string,
):
  | { readonly ok: true; readonly address: DatabaseAddress }
  | { readonly ok: false; readonly expected: string } {
  const refuse = (expected: string) => ({ ok: false, expected }) as const;
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    return refuse('postgres://user:password@host:port/database');
  }
  const url = new URL(text);
  const query = url.searchParams;
  const unknown = [...query.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) return refuse(`no parameter but ${[...PARAMETERS].join(', ')}`);
  const parts = decodeParts([url.hostname, url.username, url.password, url.pathname.slice(1)]);
  if (parts === undefined) return refuse('valid percent-encoding');
  const [hostInUrl = '', user = '', password = '', database = ''] = parts;
  const host = (query.get('host') ?? hostInUrl).replace(/^\[(.*)\]$/, '$1');
  if (host === '') return refuse('a host');
  if (user === '') return refuse('a user');
  if (!/^[^/\0]{1,63}$/.test(database)) return refuse('the name of a database after the host');
  const isNear = host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host);
  const wanted = query.get('sslmode') ?? (isNear ? 'disable' : 'verify-full');
  const sslMode = SSL_MODES.find((mode) => mode === wanted);
  if (sslMode === undefined) return refuse(`an sslmode of ${SSL_MODES.join(', ')}`);
  return {
    ok: true,
    address: {
      ...{ host, user, database, sslMode },
      port: url.port === '' ? PORT_DEFAULT : Number(url.port),
      password: password === '' ? undefined : password,
      caFile: query.get('sslrootcert') ?? undefined,
      certificateFile: query.get('sslcert') ?? undefined,
      keyFile: query.get('sslkey') ?? undefined,
    },
  };
}

/**
 * What `pg` takes as `ssl`. https://www.postgresql.org/docs/current/libpq-ssl.html: `require` encrypts and checks nothing,
 * `verify-ca` checks who signed the certificate, `verify-full` its name too.
 *
 * @throws LedgerError `input_invalid` when a named file cannot be read.
 */
export function tlsOptions(address: DatabaseAddress): ConnectionOptions | false {
  const { sslMode } = address;
  if (sslMode === 'disable' || address.host.startsWith('/')) return false;
  return {
    rejectUnauthorized: sslMode !== 'require',
    ...(sslMode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...read('ca', address.caFile),
    ...read('cert', address.certificateFile),
    ...read('key', address.keyFile),
  };
}

function read(name: 'ca' | 'cert' | 'key', path: string | undefined): ConnectionOptions {
  if (path === undefined) return {};
  try {
    return { [name]: readFileSync(path, 'utf8') };
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new LedgerError('input_invalid', `expected a readable file of PEM, got ${got}`, {
      cause,
    });
  }
}

function decodeParts(parts: readonly string[]): string[] | undefined {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
