// An archive that runs without Node.js and without npm: node tools/src/executables/build-executable.mjs NAME
//
// Node.js itself, the bundles and the packages that docker/build/collect-app.mjs takes for an image, and a command that starts them.
// One folder rather than one file: addons, the dashboard and what Dawn loads are files that a single executable would have to
// unpack first, into a directory that may not allow to run them.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { archiveOf, executables, thisPlatform, workspaceRoot } from './executables.mjs';

const MEGABYTE = 1_000_000;
/** A program that is linked against Node.js as a library is no use elsewhere. */
const NODE_BYTES_MIN = 40 * MEGABYTE;

const [name] = process.argv.slice(2);
const executable = executables.find((known) => known.name === name);
if (executable === undefined) {
  const names = executables.map((known) => known.name).join(', ');
  console.error(`build-executable: expected one of ${names}, got ${name ?? 'nothing'}`);
  process.exit(2);
}

/** When the sources were. */
const commitSeconds = execFileSync('git', ['log', '-1', '--format=%ct'], {
  cwd: workspaceRoot,
  encoding: 'utf8',
}).trim();
const commitTime = new Date(Number(commitSeconds) * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

/** Follows links to itself, so that it may be linked into a directory of PATH; then becomes Node.js. */
function launcher(app, settings) {
  const defaults = Object.entries(settings).map(
    ([key, value]) => `export ${key}="\${${key}:-${value}}"`,
  );
  return [
    '#!/bin/sh',
    'set -eu',
    'self=$0',
    'while [ -h "$self" ]; do',
    '  target=$(readlink "$self")',
    '  case $target in /*) self=$target ;; *) self=$(dirname "$self")/$target ;; esac',
    'done',
    'root=$(cd "$(dirname "$self")" && pwd -P)',
    ...defaults,
    `exec "$root/bin/node" "$root/app/apps/${app}/main.js" "$@"`,
    '',
  ].join('\n');
}

function copyNode(to) {
  const from = realpathSync(process.execPath);
  const { size } = statSync(from);
  if (size < NODE_BYTES_MIN) {
    throw new Error(`expected a Node.js that holds all it needs, got ${from} of ${size} bytes`);
  }
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

/** The same sources make the same archive, where tar can be told so. */
function pack(directory, folder, path) {
  const gnu = [
    '--sort=name',
    `--mtime=@${commitSeconds}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
  ];
  const stable =
    process.platform === 'linux' ? [...gnu, '--use-compress-program=gzip -n'] : ['--gzip'];
  // Without it a Mac adds files of its own.
  const env = { ...process.env, COPYFILE_DISABLE: '1' };
  execFileSync('tar', [...stable, '-cf', path, '-C', directory, folder], { env });
}

const { folder, path } = archiveOf(name);
const staging = join(workspaceRoot, 'dist/executables/staging', name);
const root = join(staging, folder);
rmSync(staging, { recursive: true, force: true });
mkdirSync(root, { recursive: true });
execFileSync(
  process.execPath,
  [
    'docker/build/collect-app.mjs',
    ...['--name', name, '--created', commitTime],
    ...['--out', join(root, 'app')],
    ...['--apps', executable.apps.join(',')],
    ...['--packages', executable.packages.join(',')],
  ],
  { cwd: workspaceRoot, stdio: 'inherit' },
);
// Bundles are ES modules by this, wherever the archive is unpacked.
writeFileSync(join(root, 'app/package.json'), '{ "type": "module" }\n');
copyNode(join(root, 'bin/node'));
copyFileSync(join(workspaceRoot, 'LICENSE'), join(root, 'LICENSE'));
for (const [command, app] of Object.entries(executable.commands)) {
  writeFileSync(join(root, command), launcher(app, executable.settings ?? {}));
  chmodSync(join(root, command), 0o755);
}
// An older version's archive would be mistaken for one of this build.
for (const old of readdirSync(dirname(path)))
  if (old.startsWith(`${name}-`) && old.endsWith(`-${thisPlatform}.tar.gz`))
    rmSync(join(dirname(path), old));
pack(staging, folder, path);
rmSync(staging, { recursive: true });
console.log(`${path}: ${(statSync(path).size / MEGABYTE).toFixed(1)} MB`);
