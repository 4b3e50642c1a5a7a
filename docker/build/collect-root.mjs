// The file system under an image's program: node collect-root.mjs --out DIR --app DIR [--packages P,Q] [--except PATTERN]
//
// Node.js with the libraries that it and the addons of the app are linked against, the C library whole, the files of the Debian
// packages named (and the libraries those are linked against), user names. No shell, no package manager, nothing else that an
// intruder could run. No certificates: Node.js brings its own, and those of the machine that builds are nobody's business. Runs
// inside a stage that has the packages installed; dpkg's list is cut down to the packages that files come from, so that scanners see
// what is there.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseLinkedLibraries } from './linked-libraries.mjs';

/** Read by path, linked by nobody. */
const BASE_FILES = ['/etc/group', '/etc/nsswitch.conf', '/etc/os-release', '/etc/passwd'];
const ALWAYS_PACKAGES = ['base-files'];
/** The directories of Debian that are links into /usr. */
const MERGED_DIRS = ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin'];
const SKIPPED_FILE = /^\/usr\/share\/(bug|doc|lintian|man|locale|X11)\/|\/gconv\//;
const USER_ID = 1000;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    app: { type: 'string' },
    packages: { type: 'string', default: '' },
    /** Files of the packages that stay behind, as a regular expression; libraries only those need stay too. */
    except: { type: 'string' },
  },
});
const { out, app } = values;
if (!out || !app) throw new Error(`expected --out DIR --app DIR, got ${out} and ${app}`);
const except = values.except === undefined ? undefined : new RegExp(values.except);
// What is mounted in later, NVIDIA's driver say, may be linked against any part of the C library.
const packages = ['libc6', ...values.packages.split(',').filter((name) => name !== '')];

const run = (program, ...args) =>
  execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });

/** Where a path really lies; the last component may stay a link. */
function canonical(path) {
  return join(realpathSync(dirname(path)), basename(path));
}

/** Every file to take: a link brings what it points to. */
const taken = new Set();
function take(path) {
  const place = canonical(path);
  if (taken.has(place)) return;
  taken.add(place);
  if (lstatSync(place).isSymbolicLink()) take(resolve(dirname(place), readlinkSync(place)));
}

/** The shared libraries an ELF file is linked against, theirs included; none for what is not dynamically linked. */
function librariesOf(path) {
  let listing;
  try {
    listing = run('ldd', path);
  } catch {
    return [];
  }
  try {
    return parseLinkedLibraries(listing);
  } catch (cause) {
    throw new Error(`${path}: ${cause.message}`, { cause });
  }
}

function isLibrary(path) {
  return /\.so(\.|$)/.test(path) && lstatSync(path).isFile();
}

function filesOf(name) {
  return run('dpkg', '-L', name)
    .split('\n')
    .filter((path) => path !== '' && existsSync(path) && !statSync(path).isDirectory())
    .filter((path) => !SKIPPED_FILE.test(path) && !except?.test(path));
}

/** dpkg knows a library by the name it was packaged with, which may be the one before /lib moved into /usr. */
function ownerOf(path) {
  for (const known of [path, path.replace(/^\/usr/, '')]) {
    try {
      return run('dpkg', '-S', known).split(':')[0];
    } catch {
      // The other name.
    }
  }
  return undefined;
}

function copy(path) {
  const target = join(out, path);
  mkdirSync(dirname(target), { recursive: true });
  if (existsSync(target)) return;
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) symlinkSync(readlinkSync(path), target);
  else cpSync(path, target, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

function writePackageList(owners) {
  const stanzas = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n');
  const kept = stanzas.filter((stanza) => owners.has(/^Package: (.*)$/m.exec(stanza)?.[1]));
  mkdirSync(join(out, 'var/lib/dpkg'), { recursive: true });
  writeFileSync(join(out, 'var/lib/dpkg/status'), `${kept.join('\n\n').trim()}\n`);
  for (const name of owners) {
    const copyright = `/usr/share/doc/${name}/copyright`;
    if (existsSync(copyright)) copy(copyright);
  }
}

mkdirSync(out, { recursive: true });
for (const name of MERGED_DIRS) {
  const path = `/${name}`;
  if (existsSync(path) && lstatSync(path).isSymbolicLink())
    symlinkSync(readlinkSync(path), join(out, name));
}
for (const path of ['/usr/local/bin/node', ...packages.flatMap(filesOf)]) take(path);
const addons = readdirSync(app, { recursive: true })
  .filter((name) => name.endsWith('.node'))
  .map((name) => join(app, name));
for (const path of [...taken, ...addons]) {
  if (/node$/.test(path) || isLibrary(path)) librariesOf(path).forEach(take);
}
const owners = new Set([
  ...ALWAYS_PACKAGES,
  ...packages,
  ...[...taken].map(ownerOf).filter(Boolean),
]);
for (const path of [...taken, ...BASE_FILES.filter((file) => existsSync(file))]) copy(path);
writePackageList(owners);
mkdirSync(join(out, 'tmp'));
// The umask has no say in it.
chmodSync(join(out, 'tmp'), 0o1777);
for (const name of ['proc', 'sys', 'dev', 'run']) mkdirSync(join(out, name), { recursive: true });
mkdirSync(join(out, 'data'), { mode: 0o700 });
chownSync(join(out, 'data'), USER_ID, USER_ID);
console.log(
  `${taken.size} files of ${readdirSync(out).length} directories, from ${[...owners].sort().join(' ')}`,
);
