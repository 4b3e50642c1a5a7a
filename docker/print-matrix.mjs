// The images that a change reaches, as the matrix of a workflow: node docker/print-matrix.mjs [--base COMMIT] [--out FILE]
//
// Asked of Nx, so what an image is made of is said once, in its project.json. Without a base, or with one that git does not have (a
// first run, a tag, a branch that was rewritten), it is every image: building too much is only slow.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { capture, images } from './build/images.mjs';

const { values } = parseArgs({
  options: {
    base: { type: 'string', default: '' },
    head: { type: 'string', default: 'HEAD' },
    out: { type: 'string' },
    /** Another checkout; specs have one. */
    cwd: { type: 'string', default: process.cwd() },
  },
});

function isKnown(commit) {
  const args = ['rev-parse', '--quiet', '--verify', '--end-of-options', `${commit}^{commit}`];
  return commit !== '' && spawnSync('git', args, { cwd: values.cwd }).status === 0;
}

function affectedProjects() {
  const nx = join(values.cwd, 'node_modules/nx/dist/bin/nx.js');
  const range = [`--base=${values.base}`, `--head=${values.head}`];
  const args = ['show', 'projects', '--affected', ...range, '--with-target=image', '--json'];
  const env = { ...process.env, NX_DAEMON: 'false' };
  return JSON.parse(capture(process.execPath, [nx, ...args], { cwd: values.cwd, env }));
}

const reached = isKnown(values.base) ? new Set(affectedProjects()) : undefined;
const include = images
  .filter(({ name }) => reached === undefined || reached.has(`docker-${name}`))
  .map(({ name, repository }) => ({ image: name, repository }));
const text = JSON.stringify({ include });
if (values.out !== undefined) {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${text}\n`);
}
console.log(text);
