import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

// A workspace of its own: the program reads the one it lies in.
let workspace = '';
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tops-collect-'));
  mkdirSync(join(workspace, 'docker/build'), { recursive: true });
  cpSync('docker/build/collect-app.mjs', join(workspace, 'docker/build/collect-app.mjs'));
});
afterEach(() => {
  rmSync(workspace, { recursive: true });
});

function write(path: string, content: unknown = '') {
  const place = join(workspace, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, typeof content === 'string' ? content : JSON.stringify(content));
}

function writePackage(name: string, manifest: object = {}, under = 'node_modules') {
  write(`${under}/${name}/package.json`, { name, ...manifest });
  write(`${under}/${name}/index.js`);
}

function collect(args: string[], { platform = 'linux', arch = 'x64' } = {}) {
  const define = (key: string, value: string) =>
    `Object.defineProperty(process,'${key}',{value:'${value}'})`;
  const asArch = `data:text/javascript,${define('platform', platform)};${define('arch', arch)}`;
  const program = ['--import', asArch, 'docker/build/collect-app.mjs', '--out', 'out', ...args];
  const { status, stderr } = spawnSync(process.execPath, program, {
    cwd: workspace,
    encoding: 'utf8',
  });
  const collected =
    status === 0
      ? readdirSync(join(workspace, 'out'), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(join(workspace, 'out/').length))
          .sort()
      : [];
  return { status, stderr, collected };
}

describe('collect-app', () => {
  it('takes bundles without source maps, types and documents', () => {
    for (const name of ['main.js', 'main.js.map', 'kernel_cpu.node', 'index.d.ts', 'README.md'])
      write(`dist/apps/worker/${name}`);
    write('dist/apps/worker/public/app.css.map');
    write('dist/apps/worker/public/app.css');
    write('dist/apps/cli/main.js');
    expect(collect(['--apps', 'worker']).collected).toEqual([
      'apps/worker/kernel_cpu.node',
      'apps/worker/main.js',
      'apps/worker/public/app.css',
    ]);
  });

  it('takes a package with what it needs, from where each is installed, and nothing else', () => {
    writePackage('libsql', {
      dependencies: { load: '1', 'detect-libc': '1', '@types/ws': '1' },
      devDependencies: { jest: '1' },
      optionalDependencies: { 'libsql-linux-gnu': '1', 'libsql-linux-musl': '1', absent: '1' },
    });
    writePackage('load', {}, 'node_modules/libsql/node_modules');
    writePackage('load', { version: 'of others' });
    writePackage('libsql-linux-gnu', { libc: ['glibc'] });
    writePackage('libsql-linux-musl', { libc: ['musl'] });
    for (const name of ['detect-libc', 'jest', '@types/ws']) writePackage(name);
    const { collected } = collect(['--packages', 'libsql']);
    expect(collected.filter((path) => path.endsWith('package.json'))).toEqual([
      'node_modules/detect-libc/package.json',
      'node_modules/libsql-linux-gnu/package.json',
      'node_modules/libsql/node_modules/load/package.json',
      'node_modules/libsql/package.json',
    ]);
  });

  it.each([
    { platform: 'linux', arch: 'x64', binaries: 'linux-x64' },
    { platform: 'linux', arch: 'arm64', binaries: 'linux-arm64' },
    { platform: 'darwin', arch: 'arm64', binaries: 'darwin-universal' },
    { platform: 'darwin', arch: 'x64', binaries: 'darwin-universal' },
  ])('takes the binary of $platform-$arch alone', ({ platform, arch, binaries }) => {
    writePackage('webgpu');
    for (const name of ['darwin-universal', 'linux-arm64', 'linux-x64', 'win32-x64'])
      write(`node_modules/webgpu/dist/${name}/dawn.node`);
    const { collected } = collect(['--packages', 'webgpu'], { platform, arch });
    expect(collected.filter((path) => path.endsWith('.node'))).toEqual([
      `node_modules/webgpu/dist/${binaries}/dawn.node`,
    ]);
  });

  it('fails for a package that is needed and not installed', () => {
    writePackage('libsql', { dependencies: { load: '1' } });
    const { status, stderr } = collect(['--packages', 'libsql']);
    expect(status).toBe(1);
    expect(stderr).toContain('expected load in node_modules, got nothing');
  });

  it('fails for an app that has not been built', () => {
    mkdirSync(join(workspace, 'dist/apps/worker'), { recursive: true });
    expect(collect(['--apps', 'worker'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('got none'),
    });
  });
});
