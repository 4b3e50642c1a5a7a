import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tops-nx-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** As a person runs it, with a cache of its own for Nx. */
function nx(...args: string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^NX_/.test(name));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/nx/dist/bin/nx.js', 'run', ...args],
    {
      encoding: 'utf8',
      env: {
        ...Object.fromEntries(inherited),
        ...{ NX_DAEMON: 'false', NX_CACHE_DIRECTORY: directory },
      },
    },
  );
  return { status, text: stdout + stderr };
}

/** The texts of all files that Nx has kept. */
function keptTexts(): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'));
}

describe('k8s:secrets, run by Nx', () => {
  it('prints keys, of which Nx keeps nothing', () => {
    const { status, text } = nx('k8s:secrets', '--', '--env=staging');
    expect(status).toBe(0);
    const keys = [...text.matchAll(/_SK_HEX: "?([0-9a-f]{64})/g)].map(([, key = '']) => key);
    expect(keys).toHaveLength(2);
    const kept = keptTexts();
    for (const key of keys) expect(kept.filter((each) => each.includes(key))).toEqual([]);
  });

  it('is kept when it is not private, so that the test above would see it', () => {
    const { text } = nx('k8s:set-images', '--', '--env=nowhere');
    expect(text).toContain('expected --env staging or production');
    expect(keptTexts().filter((each) => each.includes('expected --env staging'))).not.toEqual([]);
  });

  it('makes no keys where it does not know what Nx keeps', () => {
    const options = {
      program: ['--eval', 'console.log("a key")'],
      isPrivate: true,
      __unparsed__: [],
    };
    const context = { root: directory, projectName: 'k8s', targetName: 'secrets' };
    const program = `require(${JSON.stringify(resolve('tools/nx/command.cjs'))})(
      ${JSON.stringify(options)}, ${JSON.stringify(context)})`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--eval', program], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('expected to know where Nx keeps');
  });
});
