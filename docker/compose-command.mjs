// How compose is called: the engine's plugin where it has one, the program of its own otherwise.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { images, referenceOf } from './build/images.mjs';

const PROJECT = 'tops';
const FILE = 'docker/compose.yaml';
/** What a profile adds besides services of its own. */
const PROFILE_FILES = { postgres: 'docker/compose.postgres.yaml' };

export const allProfiles = ['gpu', 'monitoring', 'postgres'];

/** What COMPOSE_PROFILES says. */
export function profilesOf({ COMPOSE_PROFILES: names = '' } = process.env) {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The program and its first arguments; the command comes after them. */
export function composeCommand({ project = PROJECT, profiles = profilesOf() } = {}) {
  const hasPlugin = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0;
  const program = hasPlugin ? ['docker', 'compose'] : ['docker-compose'];
  const files = [FILE, ...profiles.map((name) => PROFILE_FILES[name]).filter(Boolean)];
  return [...program, ...files.flatMap((file) => ['--file', file]), '--project-name', project];
}

/** The images of this checkout under the names that the compose file reads; what is set already wins. */
export function composeEnvironment(extra = {}) {
  const names = images.map((image) => [
    `${image.name.replaceAll('-', '_').toUpperCase()}_IMAGE`,
    referenceOf(image),
  ]);
  return { ...Object.fromEntries(names), ...process.env, ...extra };
}
