import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-licences-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function check(packages?: Readonly<Record<string, object>>) {
  const lockfile = join(root, 'package-lock.json');
  if (packages) writeFileSync(lockfile, JSON.stringify({ packages: { '': {}, ...packages } }));
  const args = ['tools/src/check-licences.mjs', ...(packages ? [lockfile] : [])];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('check-licences', () => {
  it('passes what the project depends on', () => {
    expect(check()).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    'MIT',
    '(MIT OR GPL-3.0-only)',
    'GPL-2.0-only OR Apache-2.0',
    'MIT AND ISC',
    '((MIT OR SSPL-1.0) AND ISC)',
  ])('passes %s', (license) => {
    expect(check({ 'node_modules/a': { version: '1.0.0', license } }).status).toBe(0);
  });

  it.each([
    'GPL-3.0-only',
    'AGPL-3.0-or-later',
    'MIT AND GPL-3.0-only',
    'GPL-2.0-only OR (MIT AND SSPL-1.0)',
    'GPL-3.0-only AND (MIT OR Apache-2.0)',
    '(MIT OR Apache-2.0) AND GPL-3.0-only',
    'SEE LICENSE IN LICENSE',
    'UNLICENSED',
    'mit',
    '',
    undefined,
  ])('names a package with %s', (license) => {
    const nested = 'node_modules/a/node_modules/@b/c';
    const { status, stderr } = check({ [nested]: { version: '1.2.3', license } });
    expect(status).toBe(1);
    expect(stderr).toContain(`: @b/c@1.2.3: ${license ?? 'no licence'}`);
  });

  it('takes a lockfile without packages for a mistake', () => {
    expect(check({}).status).toBe(1);
  });
});
