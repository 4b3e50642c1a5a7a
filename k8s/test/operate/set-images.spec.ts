import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { environmentNamed } from '../../src/operate/environments.ts';
import { setImages } from '../../src/operate/set-images.ts';
import { findRenderer, render } from '../../src/renderer.ts';
import { FakePrograms, digestOf, wellDisposed } from './fake-programs.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function fakeWith(): FakePrograms {
  const fake = new FakePrograms(wellDisposed);
  cleanups.push(() => fake.remove());
  return fake;
}

const production = environmentNamed('production');

describe('set-images', () => {
  function tree(): string {
    const root = mkdtempSync(join(tmpdir(), 'tops-tree-'));
    cleanups.push(() => rmSync(root, { recursive: true }));
    mkdirSync(join(root, 'k8s'));
    for (const name of ['base', 'components', 'overlays']) {
      cpSync(join('k8s', name), join(root, 'k8s', name), { recursive: true });
    }
    return root;
  }

  it.each(['kubectl', 'kustomize'] as const)(
    'pins every image of the overlay, as %s renders it, and leaves the rest as it was',
    (only) => {
      const root = tree();
      const path = join(root, 'k8s/overlays/production/kustomization.yaml');
      const before = readFileSync(path, 'utf8');
      const fake = fakeWith();
      setImages({ environment: production, tag: 'v1.2.3', digests: [], root }, fake.runner);
      const after = readFileSync(path, 'utf8');
      const changed = after.split('\n').filter((line) => !before.split('\n').includes(line));
      expect(changed).toEqual(
        Array.from({ length: 2 }, () => [
          '    newTag: v1.2.3',
          `    digest: ${digestOf('a')}`,
        ]).flat(),
      );
      const text = render(join(root, 'k8s/overlays/production'), findRenderer({ only }));
      expect(text.match(/ image: .+/g)?.sort()).toEqual([
        ` image: ghcr.io/tops-worker/tops-verifier:v1.2.3@${digestOf('a')}`,
        ` image: ghcr.io/tops-worker/tops-worker-gpu:v1.2.3@${digestOf('a')}`,
      ]);
    },
  );

  it('takes digests that are given, and asks for the others', () => {
    const root = tree();
    const fake = fakeWith();
    const digests = [`tops-verifier=${digestOf('c')}`];
    expect(
      setImages({ environment: production, tag: 'v2.0.0', digests, root }, fake.runner),
    ).toEqual([
      `tops-verifier: v2.0.0@${digestOf('c')}`,
      `tops-worker-gpu: v2.0.0@${digestOf('a')}`,
    ]);
    expect(fake.lines).toHaveLength(1);
  });

  it.each([
    ['no tag', { tag: '', digests: [] }, 'expected --tag with a tag, got nothing'],
    [
      'an image of another overlay',
      { tag: 'v1.0.0', digests: [`tops-worker-cpu=${digestOf('a')}`] },
      'has no image tops-worker-cpu',
    ],
    [
      'a digest that is none',
      { tag: 'v1.0.0', digests: ['tops-verifier=sha256:1'] },
      'expected sha256:',
    ],
    ['a digest of nothing', { tag: 'v1.0.0', digests: ['tops-verifier'] }, 'expected IMAGE='],
  ])('refuses %s and writes nothing', (_what, options, message) => {
    const root = tree();
    const path = join(root, 'k8s/overlays/production/kustomization.yaml');
    const before = readFileSync(path, 'utf8');
    expect(() =>
      setImages({ environment: production, root, ...options }, fakeWith().runner),
    ).toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
