// Makes a secret where there is none yet: node ensure-secret.mjs FILE [--group GID] [--url ADDRESS --url-file FILE]
//
// 32 random bytes in hex, which is what a signing key is and a good password too. For the first start of a compose stack: the
// secret never leaves the volume that FILE lies in. --group lets that group read it, and see the directory; otherwise only its owner
// can. --url-file gets ADDRESS with the secret as its password, for its owner alone.
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

const SECRET_BYTES = 32;

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** Whole and on the disk, or not there: a start that is cut off leaves no half of a key. */
function writeWhole(path, content, place) {
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
    place(draft);
  } finally {
    closeSync(file);
    rmSync(draft, { force: true });
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        group: { type: 'string' },
        url: { type: 'string' },
        'url-file': { type: 'string' },
      },
    });
  } catch (error) {
    return fail(error.message);
  }
}

const { values, positionals } = readArguments();
const [path] = positionals;
if (!path || positionals.length > 1) fail(`expected one FILE, got ${positionals.length}`);
if ((values.url === undefined) !== (values['url-file'] === undefined))
  fail('expected --url and --url-file together, got one of them');
if (values.group !== undefined && !/^\d+$/.test(values.group))
  fail(`expected --group with a number, got ${values.group}`);

if (existsSync(path)) {
  console.log(`${path} exists and is kept`);
} else {
  // Linking refuses to replace: what was signed with a key must never be left without it.
  writeWhole(path, `${randomBytes(SECRET_BYTES).toString('hex')}\n`, (draft) =>
    linkSync(draft, path),
  );
  console.log(`made ${path}`);
}
if (values.group !== undefined) {
  for (const [place, mode] of [
    [dirname(path), 0o750],
    [path, 0o640],
  ]) {
    chownSync(place, process.getuid(), Number(values.group));
    chmodSync(place, mode);
  }
}
if (values['url-file'] !== undefined) {
  const url = new URL(values.url);
  url.password = readFileSync(path, 'utf8').trim();
  writeWhole(values['url-file'], `${url.href}\n`, (draft) => renameSync(draft, values['url-file']));
}
