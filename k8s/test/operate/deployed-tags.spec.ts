import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { environmentNamed } from '../../src/operate/environments.ts';
import { setImages } from '../../src/operate/set-images.ts';
import { findRenderer } from '../../src/renderer.ts';
import { renderOverlay } from '../../src/renderings.ts';
import { checkRendering } from '../../src/validate.ts';
import { FakePrograms, wellDisposed } from './fake-programs.ts';

let root = '';
let fake: FakePrograms;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-tags-'));
  mkdirSync(join(root, 'k8s'));
  for (const name of ['base', 'components', 'overlays'])
    cpSync(join('k8s', name), join(root, 'k8s', name), { recursive: true });
  fake = new FakePrograms(wellDisposed);
});
afterEach(() => {
  fake.remove();
  rmSync(root, { recursive: true });
});

function problemsWith(name: 'staging' | 'production', tag: string) {
  setImages({ environment: environmentNamed(name), tag, digests: [], root }, fake.runner);
  const { rendering } = renderOverlay(name, { root, renderer: findRenderer() });
  return checkRendering(rendering);
}

describe('an overlay that says what a deployment brings', () => {
  it.each(
    (['staging', 'production'] as const).flatMap((name) =>
      ['v1.2.3', `sha-${'c0ffee'.repeat(7).slice(0, 40)}`].map((tag) => ({ name, tag })),
    ),
  )('is valid: $name, $tag by its digest', ({ name, tag }) => {
    expect(problemsWith(name, tag)).toEqual([]);
  });

  it('may follow latest on staging, and not in production, where nobody could tell what it was', () => {
    expect(problemsWith('staging', 'latest')).toEqual([]);
    const problems = problemsWith('production', 'latest');
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['images', 'images']);
  });
});
