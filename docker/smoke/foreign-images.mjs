// Images of others, for the smoke test of the stack: the real one where it is here or a registry gives it, else a stand-in made of
// Debian's package, else none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { capture, workspaceRoot } from '../build/images.mjs';

const PULL_TIMEOUT_MS = 180_000;
const standInDir = join(workspaceRoot, 'docker/smoke/stand-ins');

const succeeds = (args) =>
  spawnSync('docker', args, { stdio: 'ignore', timeout: PULL_TIMEOUT_MS }).status === 0;

/** The image that the configuration of a stack names for a service. */
export function imageIn(config, service) {
  const block = new RegExp(`^ {2}${service}:\\n((?: {4}.*\\n)+)`, 'm').exec(config)?.[1] ?? '';
  const image = /^ {4}image: ['"]?([^\s'"]+)/m.exec(block)?.[1];
  if (image === undefined) throw new Error(`expected an image of ${service}, got none`);
  return image;
}

/** @returns what to run for a service, `kind` of real, stand-in or none */
export function obtainImage(service, reference) {
  if (succeeds(['image', 'inspect', reference]) || succeeds(['pull', '--quiet', reference]))
    return { kind: 'real', reference };
  const dockerfile = join(standInDir, `${service}.Dockerfile`);
  if (!existsSync(dockerfile)) return { kind: 'none', reference };
  const standIn = `tops-stand-in-${service}:dev`;
  const { NODE_IMAGE: base } = process.env;
  capture(
    'docker',
    [
      ...['build', '--quiet', '--file', dockerfile, '--tag', standIn],
      ...(base ? ['--build-arg', `NODE_IMAGE=${base}`] : []),
      standInDir,
    ],
    { env: { ...process.env, DOCKER_BUILDKIT: '1' } },
  );
  return { kind: 'stand-in', reference: standIn };
}
