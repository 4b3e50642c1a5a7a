// A change that reaches no image rebuilds nothing: the same build again, of a copy of the sources with another README.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { countSteps } from '../build/count-steps.mjs';
import { capture, images, workspaceRoot } from '../build/images.mjs';

/** Of the commit and what is changed in the working tree, without anything that git ignores. */
function copySources(dir) {
  const listed = capture('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  for (const path of listed.split('\0').filter((name) => name !== '')) {
    try {
      cpSync(join(workspaceRoot, path), join(dir, path));
    } catch (error) {
      // Deleted in the working tree and not in git yet.
      if (error.code !== 'ENOENT') throw error;
    }
  }
}

export function checkRebuild(checks) {
  checks.begin('a second build after a change of README.md');
  const { NODE_IMAGE: base } = process.env;
  const baseArgs = base ? ['--build-arg', `NODE_IMAGE=${base}`] : [];
  const dir = mkdtempSync(join(tmpdir(), 'tops-rebuild-'));
  try {
    copySources(dir);
    for (const path of ['README.md', 'docker/README.md', 'docs/protocol.md'])
      appendFileSync(join(dir, path), '\nAnother sentence.\n');
    for (const { name } of images) {
      const { status, stderr } = spawnSync(
        'docker',
        ['build', '--progress=plain', `--file=docker/${name}/Dockerfile`, ...baseArgs, '.'],
        { cwd: dir, encoding: 'utf8', env: { ...process.env, DOCKER_BUILDKIT: '1' } },
      );
      const { stepCount, cachedCount } = countSteps(stderr ?? '');
      checks.check(
        status === 0 && stepCount > 0 && cachedCount === stepCount,
        `${name}: ${cachedCount} of ${stepCount} steps cached`,
      );
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
