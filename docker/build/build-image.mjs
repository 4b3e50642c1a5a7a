// Builds one image: node docker/build/build-image.mjs NAME
//
// From the environment: NODE_IMAGE (the base; CI gives it with its digest), IMAGE_REGISTRY and IMAGE_TAG (its name),
// NPMRC_FILE (an .npmrc that `npm ci` gets as a build secret, of which no layer keeps anything) and DOCKER_BUILD_FLAGS (further
// options of `docker build`, between spaces). Labels come from git.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { countSteps } from './count-steps.mjs';
import { capture, demandEngine, images, referenceOf, workspaceRoot } from './images.mjs';

const [name] = process.argv.slice(2);
const image = images.find((candidate) => candidate.name === name);
if (image === undefined) {
  console.error(`expected one of ${images.map((known) => known.name).join(', ')}, got ${name}`);
  process.exit(2);
}
demandEngine();

/** What git says, or nothing where there is no git, in an unpacked archive say. */
function git(...args) {
  try {
    return capture('git', args);
  } catch {
    return '';
  }
}

/** Of the commit, not of the build: the same sources make the same image. */
function labelArgs() {
  const { version } = JSON.parse(readFileSync(join(workspaceRoot, 'package.json'), 'utf8'));
  const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
  const revision = git('rev-parse', 'HEAD');
  return {
    // Credentials that a clone's address may carry are nobody's business.
    SOURCE: process.env['IMAGE_SOURCE'] ?? '',
    REVISION: revision && `${revision}${isChanged ? '-changed' : ''}`,
    VERSION: version,
    CREATED: git('log', '-1', '--format=%cI'),
  };
}

const { NODE_IMAGE: base, NPMRC_FILE: npmrc, DOCKER_BUILD_FLAGS: flags = '' } = process.env;
const buildArgs = { ...labelArgs(), ...(base ? { NODE_IMAGE: base } : {}) };
const reference = referenceOf(image);
const { status, stderr } = spawnSync(
  'docker',
  [
    'build',
    '--progress=plain',
    ...['--file', `docker/${name}/Dockerfile`, '--tag', reference],
    ...Object.entries(buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
    ...(npmrc ? ['--secret', `id=npmrc,src=${npmrc}`] : []),
    ...flags.split(' ').filter((flag) => flag !== ''),
    '.',
  ],
  {
    cwd: workspaceRoot,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, DOCKER_BUILDKIT: '1' },
  },
);
const log = stderr ?? '';
if (status !== 0) {
  process.stderr.write(log);
  process.exit(status ?? 1);
}
const { stepCount, cachedCount } = countSteps(log);
const sent = [...log.matchAll(/transferring context: (\S+)/g)].at(-1)?.[1] ?? 'nothing';
console.log(
  `${reference}: ${cachedCount} of ${stepCount} steps cached, ${sent} of context sent anew`,
);
