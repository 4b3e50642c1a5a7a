// Makes a signing key where there is none yet: node ensure-key.mjs FILE. For the first start of a compose stack; the key never
// leaves the volume that FILE lies in.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';

const CLI = '/app/apps/cli/main.js';

const [path] = process.argv.slice(2);
if (!path) {
  console.error('expected FILE, got nothing');
  process.exit(2);
}
if (existsSync(path)) {
  console.log(`${path} exists and is kept`);
} else {
  const { status, error } = spawnSync(process.execPath, [CLI, 'keygen', '--out', path], {
    stdio: 'inherit',
  });
  if (error !== undefined) console.error(error.message);
  process.exitCode = status ?? 1;
}
