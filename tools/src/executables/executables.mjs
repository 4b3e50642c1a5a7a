// The programs that are given away as archives, and what the tools about them share.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));

/** Each is an archive for every platform: bundles, the packages that those leave outside, commands. */
export const executables = [
  {
    name: 'tops-worker-cpu',
    apps: ['worker', 'cli'],
    packages: [],
    commands: { 'tops-worker-cpu': 'worker', tops: 'cli' },
  },
  {
    name: 'tops-worker-gpu',
    apps: ['worker', 'cli'],
    packages: ['webgpu'],
    // As in its image: no adapter is an error, told and final. The other archive is for the CPU.
    settings: { CPU_FALLBACK: '0' },
    commands: { 'tops-worker-gpu': 'worker', tops: 'cli' },
  },
  {
    name: 'tops-verifier',
    apps: ['verifier', 'dashboard'],
    packages: ['libsql'],
    commands: { 'tops-verifier': 'verifier' },
  },
];

/** What releases are made for. */
export const platforms = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64'];

export const thisPlatform = `${process.platform}-${process.arch}`;

export const version = JSON.parse(
  readFileSync(join(workspaceRoot, 'package.json'), 'utf8'),
).version;

/** Where an archive lies, and the one folder in it. */
export function archiveOf(name, platform = thisPlatform) {
  const folder = `${name}-${version}-${platform}`;
  return { folder, path: join(workspaceRoot, 'dist/executables', `${folder}.tar.gz`) };
}
