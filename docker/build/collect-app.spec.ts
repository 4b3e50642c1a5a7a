import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

// A workspace of its own: the program reads the one it lies in.
let workspace = '';
/** Of the lockfile; a package that is written is in it. */
let packages: Record<string, object> = {};
const BILL = 'bill-of-materials.spdx.json';
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tops-collect-'));
  packages = { '': { version: '1.2.3' } };
  mkdirSync(join(workspace, 'docker/build'), { recursive: true });
  for (const name of ['collect-app.mjs', 'bill-of-materials.mjs'])
    cpSync(`docker/build/${name}`, join(workspace, 'docker/build', name));
  write('package.json', { version: '1.2.3' });
  write('package-lock.json', { packages });
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
  packages[`${under}/${name}`] = { version: '1.0.0', license: 'MIT', ...manifest };
  write('package-lock.json', { packages });
}

function collect(args: string[], { platform = 'linux', arch = 'x64' } = {}) {
  const define = (key: string, value: string) =>
    `Object.defineProperty(process,'${key}',{value:'${value}'})`;
  const asArch = `data:text/javascript,${define('platform', platform)};${define('arch', arch)}`;
  const program = ['--import', asArch, 'docker/build/collect-app.mjs'];
  const common = ['--name', 'tops-worker', '--out', 'out'];
  const { status, stderr } = spawnSync(process.execPath, [...program, ...common, ...args], {
    cwd: workspace,
    encoding: 'utf8',
  });
  const collected =
    status === 0
      ? readdirSync(join(workspace, 'out'), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(join(workspace, 'out/').length))
          .filter((path) => path !== BILL)
          .sort()
      : [];
  return { status, stderr, collected };
}

const readBill = () => JSON.parse(readFileSync(join(workspace, 'out', BILL), 'utf8')) as Bill;
interface Bill {
  readonly name: string;
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly { readonly name: string; readonly versionInfo: string }[];
}

describe('collect-app', () => {
  it('takes bundles without source maps, types and documents', () => {
    for (const name of ['main.js', 'kernel_cpu.node', 'index.d.ts', 'README.md'])
      write(`dist/apps/worker/${name}`);
    write('dist/apps/worker/main.js.map', { sources: [] });
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

  it('says what bundles and packages are made of, by the lockfile, whenever it is asked', () => {
    writePackage('express', { version: '5.2.1', license: 'MIT' });
    writePackage('@colors/colors', { version: '1.6.0' }, 'node_modules/logform/node_modules');
    writePackage('libsql', { version: '0.5.29' });
    writePackage('jest', { version: '30.0.0' });
    write('dist/apps/worker/main.js');
    write('dist/apps/worker/main.js.map', {
      sources: [
        ...['../../../node_modules/express/lib/express.js', '../../../libs/crypto/src/index.ts'],
        '../../../node_modules/logform/node_modules/@colors/colors/lib/index.js',
      ],
    });
    const args = ['--apps', 'worker', '--packages', 'libsql'];
    expect(collect(args).status).toBe(0);
    const bill = readBill();
    expect(bill.packages.map(({ name, versionInfo }) => `${name}@${versionInfo}`)).toEqual([
      ...['tops-worker@1.2.3', `node@${process.versions.node}`, 'express@5.2.1'],
      ...['libsql@0.5.29', '@colors/colors@1.6.0'],
    ]);
    expect(bill).toMatchObject({
      name: 'tops-worker-1.2.3',
      creationInfo: { created: '1970-01-01T00:00:00Z' },
    });
    collect(args);
    expect(readBill()).toEqual(bill);
    collect([...args, '--created', '2026-01-02T03:04:05Z']);
    expect(readBill().creationInfo.created).toBe('2026-01-02T03:04:05Z');
  });

  it('fails for a bundle of what the lockfile does not have', () => {
    write('dist/apps/worker/main.js.map', { sources: ['../../../node_modules/left-pad/index.js'] });
    expect(collect(['--apps', 'worker'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('expected node_modules/left-pad in the lockfile'),
    });
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
