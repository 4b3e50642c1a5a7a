// What a release consists of, from the executables that were built for every platform:
// npx nx run tools:release-files -- --tag v1.2.3 [--from dist/executables] [--out dist/release]
//
// Every archive as it is, SHA256SUMS over them, and an SPDX bill of materials of what they hold.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { executables, platforms } from '../executables/executables.mjs';
import { billOfMaterials, shippedPackages } from '../../../docker/build/bill-of-materials.mjs';

const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));

const { values } = parseArgs({
  options: {
    tag: { type: 'string', default: '' },
    from: { type: 'string', default: join(workspaceRoot, 'dist/executables') },
    out: { type: 'string', default: join(workspaceRoot, 'dist/release') },
    /** What is built on one machine is one platform: for trying this out. */
    platforms: { type: 'string', default: platforms.join(',') },
    /** Before anything is built for a tag. */
    'only-tag': { type: 'boolean', default: false },
  },
});

function fail(message) {
  console.error(`release-files: ${message}`);
  process.exit(1);
}

const readJson = (name) => JSON.parse(readFileSync(join(workspaceRoot, name), 'utf8'));

/** When the sources were: the same ones make the same files. */
function commitTime() {
  const args = ['log', '-1', '--format=%ct'];
  const { stdout, status } = spawnSync('git', args, { cwd: workspaceRoot, encoding: 'utf8' });
  if (status !== 0) fail('expected a commit, got none');
  return new Date(Number(stdout) * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

const { version } = readJson('package.json');
if (values.tag !== `v${version}`) fail(`expected the tag v${version}, got ${values.tag || 'none'}`);
if (values['only-tag']) process.exit(0);
const expected = values.platforms
  .split(',')
  .flatMap((platform) => executables.map(({ name }) => `${name}-${version}-${platform}.tar.gz`))
  .sort();
const found = existsSync(values.from)
  ? readdirSync(values.from).filter((name) => name.endsWith('.tar.gz'))
  : [];
const missing = expected.filter((name) => !found.includes(name));
if (missing.length > 0) fail(`expected ${missing.join(', ')} in ${values.from}, got none`);
const foreign = found.filter((name) => !expected.includes(name));
if (foreign.length > 0) fail(`expected no ${foreign.join(', ')} in ${values.from}`);

rmSync(values.out, { recursive: true, force: true });
mkdirSync(values.out, { recursive: true });
const shipped = shippedPackages(readJson('package-lock.json'));
const bill = billOfMaterials('tops-worker', shipped, {
  version,
  node: process.versions.node,
  createdAt: commitTime(),
});
const billName = `tops-worker-${version}.spdx.json`;
writeFileSync(join(values.out, billName), `${JSON.stringify(bill, null, 2)}\n`);
for (const name of expected) copyFileSync(join(values.from, name), join(values.out, name));
const sums = [...expected, billName].map((name) => {
  const digest = createHash('sha256').update(readFileSync(join(values.out, name)));
  return `${digest.digest('hex')}  ${name}\n`;
});
writeFileSync(join(values.out, 'SHA256SUMS'), sums.join(''));
console.log(`${expected.length} archives, ${billName}, SHA256SUMS: ${values.out}`);
