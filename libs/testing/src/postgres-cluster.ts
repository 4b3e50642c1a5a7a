import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDiskFault } from './disk-fault.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

/** How long the server may take to start, recovery after a crash included, or to stop. */
const START_STOP_MS_MAX = 60_000;
/** In the words of a primary, and of a standby, which have changed over its versions. */
const READY = /ready to accept (read.only )?connections/;
const SUPERUSER = 'postgres';
const PASSWORD = 'throw-away: quote/me?';

/** Files of the server's own TLS; the key is copied, as PostgreSQL wants it to be its own. */
export interface ServerTls {
  readonly certificate: string;
  readonly key: string;
}

export interface ClusterOptions {
  /** As in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly tls?: ServerTls;
  /** Size of a file system at `smallDiskDir`, for a tablespace; where hasDiskFaults says so. */
  readonly smallDiskKiB?: number;
}

/** A throw-away PostgreSQL for one spec file: its own directory, socket and port, nothing shared with the machine's. */
export class PostgresCluster {
  readonly #binaries: PostgresBinaries;
  readonly #rootDir: string;
  readonly port: number;
  readonly #smallDiskKiB: number | undefined;
  #server: ChildProcess | undefined;
  #log = '';

  private constructor(
    binaries: PostgresBinaries,
    place: { readonly rootDir: string; readonly port: number },
    options: ClusterOptions,
  ) {
    this.#binaries = binaries;
    this.#rootDir = place.rootDir;
    this.port = place.port;
    this.#smallDiskKiB = options.smallDiskKiB;
  }

  /** Makes the directory and starts the server. */
  static async create(
    binaries: PostgresBinaries,
    options: ClusterOptions = {},
  ): Promise<PostgresCluster> {
    const rootDir = mkdtempSync(join(tmpdir(), 'tops-pg-'));
    const cluster = new PostgresCluster(binaries, { rootDir, port: await freePort() }, options);
    try {
      cluster.#initialise(options);
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  get socketDir(): string {
    return this.#rootDir;
  }

  /** A directory of the server's own that is full soon, when `smallDiskKiB` is given; empty at each start. */
  get smallDiskDir(): string {
    return join(this.#rootDir, 'small');
  }

  get log(): string {
    return this.#log;
  }

  /** An address through the socket; `query` is added to it. */
  url(database = 'postgres', query: Readonly<Record<string, string>> = {}): string {
    return address({ host: `${encodeURIComponent(this.#rootDir)}:${this.port}`, database, query });
  }

  /** An address through TCP. */
  tcpUrl(
    options: { host?: string; database?: string; query?: Record<string, string> } = {},
  ): string {
    const { host = '127.0.0.1', database = 'postgres', query = {} } = options;
    return address({ host: `${host}:${this.port}`, database, query });
  }

  /**
   * Starts a stopped server; resolves once it takes connections, recovery included. A `standby` follows a primary that is not
   * there: it only reads, until `SELECT pg_promote()` or a later start makes it a primary.
   */
  async start(role: 'primary' | 'standby' = 'primary'): Promise<void> {
    if (role === 'standby') this.#ownFile('data/standby.signal', '');
    else rmSync(join(this.#dataDir, 'standby.signal'), { force: true });
    const { binDir, user } = this.#binaries;
    const command = [join(binDir, 'postgres'), '-D', this.#dataDir, '-p', String(this.port)];
    const [file = '', ...args] = [...this.#diskPrefix(), ...command];
    const server = spawn(file, args, {
      ...user,
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      cwd: this.#rootDir,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      const give = (what: string) => () => {
        reject(new Error(`the PostgreSQL server ${what}: ${this.#log.slice(-2_000)}`));
      };
      const timer = setTimeout(give('did not start in time'), START_STOP_MS_MAX);
      const startsAt = this.#log.length;
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
        if (!READY.test(this.#log.slice(startsAt))) return;
        clearTimeout(timer);
        resolve();
      });
      server.once('error', give('could not be spawned'));
      server.once('exit', () => {
        clearTimeout(timer);
        give('ended')();
      });
    });
  }

  /** `immediate` is as a crash: no checkpoint, recovery at the next start. `fast` ends every session first. */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    const timer = setTimeout(() => server.kill('SIGKILL'), START_STOP_MS_MAX);
    await exited;
    clearTimeout(timer);
  }

  /** Stops the server and removes its directory. */
  async remove(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.#rootDir, { recursive: true, force: true });
  }

  get #dataDir(): string {
    return join(this.#rootDir, 'data');
  }

  #diskPrefix(): readonly string[] {
    if (this.#smallDiskKiB === undefined) return [];
    const fault = { kind: 'small', dir: this.smallDiskDir, sizeKiB: this.#smallDiskKiB } as const;
    return withDiskFault(fault);
  }

  #initialise(options: ClusterOptions): void {
    const passwordFile = this.#ownFile('password', `${PASSWORD}\n`);
    this.#own(this.#rootDir);
    mkdirSync(this.smallDiskDir);
    this.#own(this.smallDiskDir);
    const { binDir, user } = this.#binaries;
    const made = spawnSync(
      join(binDir, 'initdb'),
      [
        ...['-D', this.#dataDir, '-U', SUPERUSER, `--pwfile=${passwordFile}`],
        ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'],
      ],
      { ...user, env: { LC_ALL: 'C', TZ: 'UTC' }, cwd: this.#rootDir, encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.stdout}`);
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: this.#rootDir,
      ...(options.tls === undefined ? {} : this.#tlsSettings(options.tls)),
      ...options.settings,
    };
    this.#ownFile(
      'data/postgresql.auto.conf',
      Object.entries(settings)
        .map(([name, value]) => `${name} = '${value}'\n`)
        .join(''),
    );
  }

  #tlsSettings(tls: ServerTls): Record<string, string> {
    return {
      ssl: 'on',
      ssl_cert_file: this.#ownFile('server.crt', tls.certificate),
      ssl_key_file: this.#ownFile('server.key', tls.key),
    };
  }

  #ownFile(name: string, content: string): string {
    const path = join(this.#rootDir, name);
    writeFileSync(path, content, { mode: 0o600 });
    this.#own(path);
    return path;
  }

  #own(path: string): void {
    const { user } = this.#binaries;
    if (user !== undefined) chownSync(path, user.uid, user.gid);
    if (path === this.#rootDir) chmodSync(path, 0o700);
  }
}

function address(parts: {
  host: string;
  database: string;
  query: Readonly<Record<string, string>>;
}): string {
  const query = new URLSearchParams(parts.query).toString();
  const user = `${SUPERUSER}:${encodeURIComponent(PASSWORD)}`;
  return `postgres://${user}@${parts.host}/${parts.database}${query === '' ? '' : `?${query}`}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === 'string') throw new Error('expected a TCP port, got none');
  return bound.port;
}
