import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let root = '';
const git = (...args: string[]) =>
  spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();
const write = (name: string, content: object | string) => {
  writeFileSync(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-cut-'));
  write('package.json', { version: '0.1.0' });
  write('package-lock.json', { version: '0.1.0', packages: { '': { version: '0.1.0' } } });
  write('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n### Added\n\n- All of it.\n');
  git('init', '--quiet');
  git('config', 'user.name', 'spec');
  git('config', 'user.email', 'spec@example.com');
  git('add', '--all');
  git('commit', '--quiet', '--message=feat: all of it');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function release(...args: string[]) {
  const program = [resolve('tools/src/release/cut-release.mjs'), ...args];
  const { status, stderr } = spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8' });
  return { status, stderr };
}

const state = () => `${git('tag', '--list')} ${git('rev-list', '--count', 'HEAD')}`;

describe('the first release', () => {
  it('is what package.json says, or the version that is given', () => {
    expect(release()).toMatchObject({ status: 0 });
    expect(state()).toBe('v0.1.0 2');
    git('tag', '--delete', 'v0.1.0');
    expect(release('1.0.0-rc.1')).toMatchObject({ status: 0 });
    expect(state()).toBe('v1.0.0-rc.1 3');
    const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(lockfile.match(/1\.0\.0-rc\.1/g)).toHaveLength(2);
  });

  it.each(['minor', 'v1.0.0', '1.0', '1.0.0 x', '$(id)'])('refuses the version %s', (version) => {
    expect(release(version)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`expected a version like 1.2.3, got ${version}`),
    });
    expect(state()).toBe(' 1');
    expect(git('status', '--porcelain')).toBe('');
  });

  it('refuses a tree that is not clean', () => {
    write('CHANGELOG.md', '');
    expect(release()).toMatchObject({ status: 1 });
    expect(state()).toBe(' 1');
  });
});
