import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

// A history of its own: the tracked files as they are, one commit, then one change at a time.
let workspace = '';
let base = '';

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=spec', '-c', 'user.email=spec@example.com'];
  const options = { cwd: workspace, encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], options);
  if (status !== 0) throw new Error(`git ${args[0]} failed: ${stderr}`);
  return stdout.trim();
}

beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tops-matrix-'));
  const listing = spawnSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    },
  );
  for (const path of listing.stdout.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    cpSync(path, join(workspace, path));
  }
  symlinkSync(resolve('node_modules'), join(workspace, 'node_modules'));
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=base');
  base = git('rev-parse', 'HEAD');
}, 120_000);

afterAll(() => {
  rmSync(workspace, { recursive: true, force: true });
});

/** Names of the images after a commit that changes one file. */
function imagesAfter(path: string): string[] {
  git('reset', '--quiet', '--hard', base);
  mkdirSync(dirname(join(workspace, path)), { recursive: true });
  writeFileSync(join(workspace, path), `// changed\n`, { flag: 'a' });
  git('add', '--all');
  git('commit', '--quiet', `--message=change ${path}`);
  return matrix(`--base=${base}`);
}

function matrix(...args: string[]): string[] {
  const program = [resolve('docker/print-matrix.mjs'), `--cwd=${workspace}`, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, {
    cwd: workspace,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false', NX_WORKSPACE_ROOT_PATH: workspace },
  });
  if (status !== 0) throw new Error(stderr);
  const { include } = JSON.parse(stdout) as { include: { image: string; repository: string }[] };
  for (const { image, repository } of include) expect(repository).toBe(`tops-${image}`);
  return include.map(({ image }) => image);
}

describe('the matrix of images', () => {
  it.each([
    // The CPU worker has the same bundle as the GPU's, which holds that kernel too.
    { path: 'libs/kernel-webgpu/src/index.ts', images: ['worker-cpu', 'worker-gpu'] },
    { path: 'apps/worker/src/main.ts', images: ['worker-cpu', 'worker-gpu'] },
    { path: 'apps/verifier/src/main.ts', images: ['verifier'] },
    { path: 'apps/dashboard/src/app.js', images: ['verifier'] },
    { path: 'libs/ledger/src/index.ts', images: ['verifier'] },
    { path: 'libs/crypto/src/index.ts', images: ['verifier', 'worker-cpu', 'worker-gpu'] },
    { path: 'docker/worker-gpu/Dockerfile', images: ['worker-gpu'] },
    // The base of all, as Renovate brings it.
    { path: 'docker/build/node-image.txt', images: ['verifier', 'worker-cpu', 'worker-gpu'] },
    { path: 'docs/ci-cd.md', images: [] },
    { path: 'README.md', images: [] },
    { path: '.github/workflows/ci-cd.yml', images: [] },
  ])('after a change of $path is $images', ({ path, images }) => {
    expect(imagesAfter(path)).toEqual(images);
  });

  it.each(['', 'f'.repeat(40), '--upload-pack=x'])(
    'is every image without a base: "%s"',
    (unknown) => {
      expect(matrix(`--base=${unknown}`)).toEqual(['verifier', 'worker-cpu', 'worker-gpu']);
    },
  );

  it('is empty when nothing changed', () => {
    git('reset', '--quiet', '--hard', base);
    expect(matrix(`--base=${base}`)).toEqual([]);
  });
});
