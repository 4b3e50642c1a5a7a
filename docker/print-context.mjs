// What .dockerignore lets through: node docker/print-context.mjs
//
// Asked of the engine, whose reading of that file is the one that counts: an image of nothing but the context, written to a tar.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { demandEngine, workspaceRoot } from './build/images.mjs';

const BLOCK_BYTES = 512;
const CONTEXT_BYTES_MAX = 10_000_000;

/** Names and sizes of the files in a tar, from the fixed places of its headers (POSIX ustar). */
function filesOf(tar) {
  const files = [];
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const byteCount = parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    if (tar[at + 156] === '0'.charCodeAt(0)) files.push({ name, byteCount });
    at += BLOCK_BYTES + Math.ceil(byteCount / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}

demandEngine();
const { status, stdout, stderr } = spawnSync(
  'docker',
  ['build', '--file', '-', '--output', 'type=tar,dest=-', '.'],
  {
    cwd: workspaceRoot,
    input: 'FROM scratch\nCOPY . /\n',
    maxBuffer: 2 ** 28,
    env: { ...process.env, DOCKER_BUILDKIT: '1' },
  },
);
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(status ?? 1);
}
const files = filesOf(stdout);
const byteCount = files.reduce((sum, file) => sum + file.byteCount, 0);
console.log(`context: ${files.length} files, ${(byteCount / 1e6).toFixed(2)} MB`);
if (files.length === 0 || byteCount > CONTEXT_BYTES_MAX) {
  console.error(`expected some files of ${CONTEXT_BYTES_MAX / 1e6} MB at most: see .dockerignore`);
  process.exitCode = 1;
}
