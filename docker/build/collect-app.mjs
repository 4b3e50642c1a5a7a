// What the last stage of an image gets, and an executable's archive:
// node docker/build/collect-app.mjs --name NAME --out DIR --apps A,B --packages P,Q [--created TIME]
//
// The bundles without their source maps, and the few packages that bundles leave outside (addons cannot be bundled) with
// what those need, as `npm ci` installed them. Everything else of node_modules stays behind. And a bill of both, which nobody could
// make of the files alone.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { billOfMaterials, bundledPaths } from './bill-of-materials.mjs';

const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url));
/** What no program reads at run time. */
const UNUSED_FILE = /(^|\/)(README|CHANGELOG|HISTORY)[^/]*$|\.(map|md|d\.ts|d\.mts|d\.cts)$/i;

/** The folder a package would be loaded from by a module in `fromDir`; undefined when it is not installed. */
function findPackage(name, fromDir) {
  for (let dir = fromDir; ; dir = dirname(dir)) {
    const found = join(dir, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (dir === workspaceRoot || dir === dirname(dir)) return undefined;
  }
}

/**
 * The folders of a package and of everything it needs. An optional package that is not installed is one of another platform.
 */
function closureOf(names) {
  const found = new Map();
  const visit = (name, fromDir, isOptional) => {
    const dir = findPackage(name, fromDir);
    if (dir === undefined && isOptional) return;
    if (dir === undefined) throw new Error(`expected ${name} in node_modules, got nothing`);
    if (found.has(dir)) return;
    const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    // Types serve compilers only.
    const needed = Object.keys(manifest.dependencies ?? {}).filter((n) => !isTypes(n));
    if (isMusl(manifest)) return;
    found.set(dir, manifest);
    for (const next of needed) visit(next, dir, false);
    for (const next of Object.keys(manifest.optionalDependencies ?? {})) visit(next, dir, true);
  };
  for (const name of names) visit(name, workspaceRoot, false);
  return [...found.keys()];
}

function isTypes(name) {
  return /^@types\/|\/types$/.test(name);
}

/** Debian's C library is glibc. */
function isMusl({ name, libc }) {
  return (libc ?? []).includes('musl') || /-musl$/.test(name);
}

/** Dawn ships the binaries of every platform in one package. */
function isOtherPlatform(path) {
  const [, platform] = /node_modules\/webgpu\/dist\/([^/]+)/.exec(path) ?? [];
  const own = [`${process.platform}-${process.arch}`, `${process.platform}-universal`];
  return platform !== undefined && !own.includes(platform);
}

function copyTree(from, to) {
  cpSync(from, to, {
    recursive: true,
    dereference: true,
    filter: (path) => !UNUSED_FILE.test(path) && !isOtherPlatform(path),
  });
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Paths of the packages in a built app, as its source maps tell; what has no map, the dashboard, has none. */
function bundledIn(built) {
  return readdirSync(built, { recursive: true })
    .filter((name) => name.endsWith('.js.map'))
    .flatMap((name) => bundledPaths(readJson(join(built, name))));
}

/** @param paths - of packages, as the lockfile has them */
function writeBill({ out, name, created }, paths) {
  const { packages } = readJson(join(workspaceRoot, 'package-lock.json'));
  const entries = [...new Set(paths)].sort().map((path) => {
    if (packages[path] === undefined) throw new Error(`expected ${path} in the lockfile`);
    return [path, packages[path]];
  });
  const { version } = readJson(join(workspaceRoot, 'package.json'));
  const facts = { version, node: process.versions.node, createdAt: created };
  const bill = billOfMaterials(name, entries, facts);
  writeFileSync(join(out, 'bill-of-materials.spdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
}

const { values } = parseArgs({
  options: {
    name: { type: 'string' },
    /** Of the sources. An image says when it was made in a label; a time in its files would make it another one each time. */
    created: { type: 'string', default: '1970-01-01T00:00:00Z' },
    out: { type: 'string' },
    apps: { type: 'string', default: '' },
    packages: { type: 'string', default: '' },
  },
});
if (values.out === undefined || values.name === undefined)
  throw new Error(`expected --out DIR and --name NAME, got ${values.out} and ${values.name}`);
const listOf = (text) => text.split(',').filter((name) => name !== '');

rmSync(values.out, { recursive: true, force: true });
mkdirSync(values.out, { recursive: true });
const contents = [];
for (const app of listOf(values.apps)) {
  const built = join(workspaceRoot, 'dist/apps', app);
  if (readdirSync(built).length === 0) throw new Error(`expected a build in ${built}, got none`);
  copyTree(built, join(values.out, 'apps', app));
  contents.push(...bundledIn(built));
}
for (const dir of closureOf(listOf(values.packages))) {
  const path = relative(workspaceRoot, dir);
  copyTree(dir, join(values.out, path));
  contents.push(path);
}
writeBill(values, contents);
