// npx nx run tools:deploy -- --env staging --tag latest --repository OWNER/NAME
// npx nx run tools:deploy -- --env staging --rollback [--app verifier --to-revision 4]
//
// What deploy.yml does, on any machine that has kubectl, docker, cosign and gh. Exit codes: 0 done, 1 refused, or rolled back, 2 used
// wrongly.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { deployEnvironment, rollBack } from './deploy-environment.mjs';

const OUTPUT_BYTES_MAX = 2 ** 26;
const ENVIRONMENTS = ['staging', 'production'];
const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));

function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: workspaceRoot,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (status === 0) return stdout;
  const words = `${stderr ?? ''}`.trim().split('\n').slice(-5).join('\n');
  throw new Error(`${program} ${args[0]} failed: ${error?.message ?? words}`);
}

function nx(target, args) {
  const program = ['node_modules/nx/dist/bin/nx.js', 'run', target, '--output-style=static'];
  const { status } = spawnSync(process.execPath, [...program, '--', ...args], {
    cwd: workspaceRoot,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false' },
  });
  if (status !== 0) throw new Error(`${target} failed`);
}

/** What an overlay deploys: name, and where it comes from. */
function imagesOf(environment) {
  const path = join(workspaceRoot, 'k8s/overlays', environment, 'kustomization.yaml');
  if (!existsSync(path)) throw new Error(`expected ${path}, got nothing`);
  const { images = [] } = parse(readFileSync(path, 'utf8'));
  if (images.length === 0) throw new Error(`${path}: expected images, got none`);
  return images.map(({ name, newName = name }) => ({ name, newName }));
}

const { values } = parseArgs({
  options: {
    env: { type: 'string', default: '' },
    tag: { type: 'string', default: '' },
    repository: { type: 'string', default: '' },
    rollback: { type: 'boolean', default: false },
    app: { type: 'string', default: '' },
    'to-revision': { type: 'string', default: '' },
  },
});
const { env: environment, tag, repository, app, 'to-revision': revision } = values;
if (!ENVIRONMENTS.includes(environment)) {
  console.error(
    `deploy: expected --env ${ENVIRONMENTS.join(' or ')}, got ${environment || 'none'}`,
  );
  process.exit(2);
}
const deps = { run, nx, print: (line) => console.log(line) };
try {
  if (values.rollback) rollBack({ environment, app, revision }, deps);
  else {
    const images = imagesOf(environment);
    const isDone = deployEnvironment({ environment, images, tag, repository }, deps);
    process.exitCode = isDone ? 0 : 1;
  }
} catch (error) {
  console.error(`deploy: ${error.message}`);
  process.exitCode = 1;
}
