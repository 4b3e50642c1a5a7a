import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { archiveOf, executables, platforms, thisPlatform, version } from './executables.mjs';

const images = readdirSync('docker')
  .filter((name) => existsSync(`docker/${name}/Dockerfile`))
  .map((name) => ({ name, repository: `tops-${name}` }));

/** What the Dockerfile of an image collects. */
function collectedBy(image: string) {
  const text = readFileSync(`docker/${image}/Dockerfile`, 'utf8');
  const [, apps = '', packages = ''] =
    /collect-app\.mjs --name \S+ --out \/out --apps (\S+)(?: --packages (\S+))?/.exec(text) ?? [];
  const listOf = (names: string) => names.split(',').filter((name) => name !== '');
  return { apps: listOf(apps), packages: listOf(packages) };
}

describe('the executables', () => {
  it.each(images)('$repository holds what its image holds', ({ name, repository }) => {
    const executable = executables.find((one) => one.name === repository);
    expect(executable).toMatchObject(collectedBy(name));
  });

  it('are one for each image', () => {
    const names = executables.map(({ name }) => name).sort();
    expect(names).toEqual(images.map(({ repository }) => repository).sort());
  });

  it('start apps that they hold, the first by the archive’s own name', () => {
    for (const { name, apps, commands } of executables) {
      expect(Object.keys(commands)[0]).toBe(name);
      for (const app of Object.values(commands)) expect(apps).toContain(app);
    }
  });

  it('are named after version and platform', () => {
    expect(archiveOf('tops-verifier').folder).toBe(`tops-verifier-${version}-${thisPlatform}`);
    expect(archiveOf('tops-verifier', 'darwin-arm64').path).toMatch(/-darwin-arm64\.tar\.gz$/);
    expect(new Set(platforms).size).toBe(4);
  });

  it.each([[['tops']], [[]]])('build-executable refuses %j', (args) => {
    const program = ['tools/src/executables/build-executable.mjs', ...args];
    const { status, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('expected one of tops-worker-cpu');
  });
});
