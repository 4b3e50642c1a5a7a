import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { render, type Renderer } from '../renderer.ts';
import { overlayNames } from '../renderings.ts';
import type { Runner } from './runner.ts';

/**
 * What the tree's manifests would change against those of another revision, overlay by overlay, as unified diffs.
 *
 * @param base - anything git can name: `main`, `origin/main`, a tag
 * @returns the text; empty when nothing changes
 * @throws Refusal when git does not know the revision
 */
export function diffRendered(
  { base, root }: { readonly base: string; readonly root: string },
  { runner, renderer }: { readonly runner: Runner; readonly renderer: Renderer },
): string {
  const directory = mkdtempSync(join(tmpdir(), 'tops-k8s-'));
  try {
    const commit = runner.run('git', ['rev-parse', '--verify', `${base}^{commit}`]).trim();
    const archive = join(directory, 'base.tar');
    runner.run('git', ['archive', `--output=${archive}`, commit, 'k8s']);
    mkdirSync(join(directory, 'tree'));
    runner.run('tar', ['-xf', archive, '-C', join(directory, 'tree')]);
    for (const side of ['base', 'changed']) mkdirSync(join(directory, side));
    for (const name of overlayNames) {
      const before = join(directory, 'tree/k8s/overlays', name);
      // An overlay that the base does not have yet is all new.
      const wasThere = existsSync(join(before, 'kustomization.yaml'));
      writeFileSync(
        join(directory, 'base', `${name}.yaml`),
        wasThere ? render(before, renderer) : '',
      );
      const after = render(join(root, 'k8s/overlays', name), renderer);
      writeFileSync(join(directory, 'changed', `${name}.yaml`), after);
    }
    // 0 nothing differs, 1 something does: no failure either way.
    return runner.run(
      'git',
      ['diff', '--no-index', '--no-color', '--no-ext-diff', 'base', 'changed'],
      { directory, answerCodes: [0, 1] },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}
