// The images started as in production: read-only root, no capabilities, no way to gain any, a user without rights, a bridge network
// of their own. What was made is taken away again by `cleanUp`.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { capture, images, referenceOf } from '../build/images.mjs';

const HARDENING = [
  ...['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
  ...['--tmpfs=/tmp:rw,noexec,nosuid,size=64m', '--memory=1g', '--pids-limit=256'],
];
const PORT_VARIABLES = { verifier: 'PORT', 'worker-cpu': 'WORKER_PORT' };
const NODE = '/usr/local/bin/node';

export const KEY_PATH = '/data/service.key';
export const references = Object.fromEntries(
  images.map((image) => [image.name, referenceOf(image)]),
);

const prefix = `tops-smoke-${randomBytes(4).toString('hex')}`;
export const docker = (...args) => capture('docker', args);
export const containerOf = (name) => `${prefix}-${name}`;

export function createNetwork() {
  docker('network', 'create', prefix);
}

/** @param options.publish - Port of the container to be reached at, on a free port of this machine's loopback. */
export function start(name, env, { publish } = {}) {
  const container = containerOf(name);
  const common = [...HARDENING, '--volume', `${container}:/data`];
  const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const keyMaker = ['--network=none', `--entrypoint=${NODE}`, references[name]];
  docker('volume', 'create', container);
  docker('run', '--rm', ...common, ...keyMaker, '/app/ensure-secret.mjs', KEY_PATH);
  const place = ['--name', container, `--network=${prefix}`];
  if (publish !== undefined) place.push('--publish', `127.0.0.1::${publish}`);
  docker('run', '--detach', ...place, ...common, ...settings, references[name]);
}

/** Where `publish` of `start` leads: 127.0.0.1:PORT. */
export const addressOf = (name, port) => docker('port', containerOf(name), String(port));

/** Runs a line of JavaScript in the container, where there is no shell. */
export function evaluate(name, code) {
  return docker('exec', containerOf(name), NODE, '--input-type=module', '-e', code);
}

export const stateOf = (name, field) =>
  docker('inspect', '--format', `{{.State.${field}}}`, containerOf(name));

/** Both streams: `docker logs` keeps them apart. */
export const logsOf = (name) => capture('sh', ['-c', `docker logs ${containerOf(name)} 2>&1`]);

/** Exit code of the image's own probe. */
export function isAnswering(name, path) {
  const probe = [NODE, '/app/healthcheck.mjs', PORT_VARIABLES[name], path];
  try {
    docker('exec', containerOf(name), ...probe);
    return true;
  } catch {
    return false;
  }
}

/** `docker stop`, while other things go on. @returns milliseconds until the container had ended */
export function stop(name) {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    spawn('docker', ['stop', containerOf(name)], { stdio: 'ignore' })
      .once('error', reject)
      .once('close', (code) => {
        if (code === 0) resolve(performance.now() - begin);
        else reject(new Error(`docker stop ${name} ended with ${code}`));
      });
  });
}

export function cleanUp() {
  const made = images.flatMap(({ name }) => [
    ['rm', '--force', containerOf(name)],
    ['volume', 'rm', '--force', containerOf(name)],
  ]);
  for (const args of [...made, ['network', 'rm', prefix]]) {
    try {
      docker(...args);
    } catch {
      // It was never made.
    }
  }
}
