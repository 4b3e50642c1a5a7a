// The images, and what the other programs of docker/ share about them.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const MEGABYTE = 1_000_000;
const OUTPUT_BYTES_MAX = 2 ** 26;
const ENGINE_TIMEOUT_MS = 15_000;

export const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Each has a Dockerfile in a folder of its name. Budgets are of the compressed layers, the base's included. */
export const images = [
  { name: 'verifier', repository: 'tops-verifier', budgetBytes: 90 * MEGABYTE },
  { name: 'worker-cpu', repository: 'tops-worker-cpu', budgetBytes: 90 * MEGABYTE },
  { name: 'worker-gpu', repository: 'tops-worker-gpu', budgetBytes: 130 * MEGABYTE },
];

/** What images are called here: IMAGE_REGISTRY before the name, IMAGE_TAG after it. */
export function referenceOf({ repository }) {
  const { IMAGE_REGISTRY: registry, IMAGE_TAG: tag = 'dev' } = process.env;
  return `${registry ? `${registry.replace(/\/$/, '')}/` : ''}${repository}:${tag}`;
}

/** Runs a program and returns what it printed; throws with its last words when it fails. */
export function capture(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: workspaceRoot,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    ...options,
  });
  if (status !== 0) {
    const words = `${stderr ?? ''}`.trim().split('\n').slice(-5).join('\n');
    throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${error?.message ?? words}`);
  }
  return stdout.trim();
}

/** @returns the version of the engine that answers, or the reason why none does */
export function findEngine() {
  const args = ['info', '--format', '{{.ServerVersion}}'];
  const { status, stdout, stderr, error } = spawnSync('docker', args, {
    encoding: 'utf8',
    timeout: ENGINE_TIMEOUT_MS,
  });
  if (status === 0) return { version: stdout.trim() };
  return { reason: error?.message ?? stderr.trim().split('\n').at(-1) };
}

/** Ends the process with exit code 1 when no engine answers: nothing here means anything without one. */
export function demandEngine() {
  const { version, reason } = findEngine();
  if (version) return;
  console.error(`no container engine answers: ${reason}`);
  process.exit(1);
}
