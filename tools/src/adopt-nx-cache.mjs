// Makes this machine know results that another one cached: node tools/src/adopt-nx-cache.mjs [--directory DIR] [--id ID]
//
// Nx keeps what it knows of its cache in a database that is named after the machine, and runners are new machines every time: without
// this a restored cache is never read. Results are found by the hash of their inputs, so nothing of another state can be taken.
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const DATABASE = /^([0-9a-zA-Z-]+)(-v\d+)\.db$/;
const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url));

const { values } = parseArgs({
  options: {
    directory: { type: 'string', default: join(workspaceRoot, '.nx/workspace-data') },
    id: { type: 'string' },
  },
});

/** As Nx itself names it: its package exports no function for that, so it is asked to make a database elsewhere. */
function machineId() {
  const native = createRequire(import.meta.url)(
    join(workspaceRoot, 'node_modules/nx/dist/src/native/index.js'),
  );
  const elsewhere = mkdtempSync(join(tmpdir(), 'tops-nx-'));
  try {
    native.closeDbConnection(native.connectToNxDb(elsewhere));
    return readdirSync(elsewhere)
      .map((name) => DATABASE.exec(name)?.[1])
      .find((found) => found !== undefined);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
}

const { directory } = values;
const id = values.id ?? machineId();
const databases = (existsSync(directory) ? readdirSync(directory) : [])
  .filter((name) => DATABASE.test(name))
  .sort((a, b) => statSync(join(directory, b)).mtimeMs - statSync(join(directory, a)).mtimeMs);
const [newest] = databases;
if (!id || newest === undefined) {
  console.log('no cache of Nx to adopt');
  process.exit(0);
}
const own = newest.replace(DATABASE, `${id}$2.db`);
// A write-ahead log belongs to its database: they move, or go, together.
const PARTS = ['', '-wal', '-shm'];
if (newest !== own) {
  for (const part of PARTS) {
    rmSync(join(directory, `${own}${part}`), { force: true });
    if (existsSync(join(directory, `${newest}${part}`)))
      renameSync(join(directory, `${newest}${part}`), join(directory, `${own}${part}`));
  }
}
for (const old of databases.filter((name) => name !== newest && name !== own))
  for (const part of PARTS) rmSync(join(directory, `${old}${part}`), { force: true });
console.log(`the cache of Nx is this machine's now`);
