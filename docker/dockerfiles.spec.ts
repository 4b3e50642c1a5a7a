import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const names = readdirSync('docker').filter((name) => existsSync(`docker/${name}/Dockerfile`));
const read = (name: string) => readFileSync(`docker/${name}/Dockerfile`, 'utf8');

/** From the first stage to the one that the images differ in. */
function sharedStages(name: string): string {
  const text = read(name);
  return text.slice(
    text.indexOf('\n# The stages up to build'),
    text.indexOf('\nFROM build AS app'),
  );
}

describe('the Dockerfiles', () => {
  it('are one for each image', () => {
    expect(names).toEqual(['verifier', 'worker-cpu', 'worker-gpu']);
  });

  it.each(names)(
    '%s has the stages up to the build letter for letter, as a shared layer asks',
    (name) => {
      const stages = sharedStages(name);
      expect(stages).toBe(sharedStages('verifier'));
      expect(stages.match(/^FROM .* AS \w+$/gm)).toEqual([
        'FROM ${NODE_IMAGE} AS toolchain',
        'FROM toolchain AS dependencies',
        'FROM dependencies AS native',
        'FROM native AS build',
      ]);
    },
  );

  it.each(names)(
    '%s takes its base from one argument, and nothing else from a registry',
    (name) => {
      const text = read(name);
      const bases = [...text.matchAll(/^FROM (\S+)(?: AS (\w+))?$/gm)];
      const stages = new Set(bases.map(([, , stage]) => stage));
      const foreign = bases.map(([, base = '']) => base).filter((base) => !stages.has(base));
      expect(new Set(foreign)).toEqual(new Set(['${NODE_IMAGE}', 'scratch']));
      expect(text).toMatch(/^ARG NODE_IMAGE=node:24-bookworm-slim$/m);
      expect(text).not.toMatch(/^# *syntax/im);
    },
  );

  it.each(names)('%s copies nothing that the context leaves out', (name) => {
    const sent = readFileSync('.dockerignore', 'utf8').match(/(?<=^!).+/gm) ?? [];
    const isSent = (source: string): boolean =>
      sent.some((pattern) =>
        new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}(/|$)`).test(source),
      );
    const copies = [...read(name).matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
    const sources = copies.flatMap(([, paths = '']) => paths.split(' '));
    expect(sources).toContain('docker/build/collect-app.mjs');
    // Of `tools` some files are sent.
    const leftOut = sources.filter((source) => source !== 'tools' && !isSent(source));
    expect(leftOut).toEqual([]);
  });

  it.each(names)('%s names no architecture', (name) => {
    expect(read(name)).not.toMatch(/x86_64|amd64|aarch64|arm64|linux-x64|lib64/);
  });
});

describe('nx affected -t image', () => {
  const allImages = ['docker-verifier', 'docker-worker-cpu', 'docker-worker-gpu'];

  it.each([
    { file: 'libs/crypto/src/index.ts', reached: allImages },
    { file: 'libs/ledger/src/index.ts', reached: ['docker-verifier'] },
    {
      file: 'libs/kernel-webgpu/src/index.ts',
      reached: ['docker-worker-cpu', 'docker-worker-gpu'],
    },
    { file: 'docker/verifier/Dockerfile', reached: ['docker-verifier'] },
    { file: 'docker/worker-gpu/Dockerfile', reached: ['docker-worker-gpu'] },
    { file: 'docker/build/collect-root.mjs', reached: allImages },
    {
      file: 'README.md,docs/protocol.md,docker/README.md,docker/smoke/run-smoke.mjs,.ci/run',
      reached: [],
    },
  ])('a change of $file reaches $reached', ({ file, reached }) => {
    const args = ['show', 'projects', '--affected', `--files=${file}`, '--with-target=image'];
    const { status, stdout } = spawnSync(
      process.execPath,
      ['node_modules/nx/dist/bin/nx.js', ...args, '--json'],
      { encoding: 'utf8', env: { ...process.env, NX_DAEMON: 'false' } },
    );
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as string[]).sort()).toEqual(reached);
  });
});
