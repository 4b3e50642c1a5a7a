import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { executables, platforms, version } from '../executables/executables.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-release-'));
  mkdirSync(join(root, 'from'));
  for (const platform of platforms)
    for (const { name } of executables) write(`${name}-${version}-${platform}.tar.gz`);
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(name: string) {
  writeFileSync(join(root, 'from', name), `the bytes of ${name}`);
}

function release(tag = `v${version}`, ...options: string[]) {
  const places = [`--from=${join(root, 'from')}`, `--out=${join(root, 'out')}`];
  const args = ['tools/src/release/release-files.mjs', `--tag=${tag}`, ...places, ...options];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stderr };
}

const read = (name: string) => readFileSync(join(root, 'out', name));

describe('release-files', () => {
  it('sums every archive of every platform, and says what is in them', () => {
    expect(release()).toMatchObject({ status: 0 });
    const bill = `tops-worker-${version}.spdx.json`;
    const lines = read('SHA256SUMS').toString().trim().split('\n');
    expect(lines).toHaveLength(platforms.length * executables.length + 1);
    for (const line of lines) {
      const [digest, name = ''] = line.split('  ');
      expect(createHash('sha256').update(read(name)).digest('hex')).toBe(digest);
    }
    expect(readdirSync(join(root, 'out')).sort()).toEqual(
      ['SHA256SUMS', ...lines.map((line) => line.split('  ')[1])].sort(),
    );
    const { spdxVersion, packages } = JSON.parse(read(bill).toString()) as {
      spdxVersion: string;
      packages: { name: string; versionInfo: string }[];
    };
    const names = packages.map(({ name }) => name);
    expect(spdxVersion).toBe('SPDX-2.3');
    for (const name of ['express', 'qs', 'pg', 'libsql', 'webgpu', 'node'])
      expect(names).toContain(name);
    for (const name of ['jest', 'typescript', 'nx']) expect(names).not.toContain(name);
  });

  it('looks at the tag alone, before there are archives', () => {
    rmSync(join(root, 'from'), { recursive: true });
    expect(release(`v${version}`, '--only-tag')).toMatchObject({ status: 0 });
    expect(release('v9.9.9', '--only-tag')).toMatchObject({ status: 1 });
    expect(readdirSync(root)).toEqual([]);
  });

  it.each(['', 'v9.9.9', version, `v${version}-rc.1`])('refuses the tag "%s"', (tag) => {
    expect(release(tag)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`expected the tag v${version}`),
    });
  });

  it('refuses a release that lacks an archive', () => {
    const name = `tops-verifier-${version}-linux-arm64.tar.gz`;
    rmSync(join(root, 'from', name));
    expect(release()).toMatchObject({ status: 1, stderr: expect.stringContaining(name) });
  });

  it('refuses an archive that nobody expects', () => {
    write('tops-verifier-0.0.1-linux-x64.tar.gz');
    expect(release()).toMatchObject({ status: 1, stderr: expect.stringContaining('0.0.1') });
  });
});
