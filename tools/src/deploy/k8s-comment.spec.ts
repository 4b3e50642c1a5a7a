import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-comment-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** As Nx prints it: first what it is about to do, last how it went. */
const around = (text: string) =>
  [
    '\n NX   Running target diff for project k8s and 1 task it depends on:\n\n',
    '> nx run k8s:diff --base abc\n\n> node k8s/run.mjs diff\n',
    text,
    '\n\n\n NX   Successfully ran target diff for project k8s\n\n\n  Run duration:      3.3s\n',
  ].join('\n');

function comment(printed: string) {
  const [from, to] = [join(root, 'from'), join(root, 'to')];
  writeFileSync(from, printed);
  const args = ['tools/src/deploy/k8s-comment.mjs', '--from', from, '--to', to];
  const { status } = spawnSync(process.execPath, args);
  return { status, text: status === 0 ? readFileSync(to, 'utf8') : '' };
}

describe('k8s-comment', () => {
  it('holds the diff and nothing of what Nx prints', () => {
    const { text } = comment(around('diff --git a b\n-x: 1\n+x: 2'));
    expect(text).toBe(
      '### What this changes in the rendered overlays\n\n```diff\ndiff --git a b\n-x: 1\n+x: 2\n```\n',
    );
  });

  it('says when nothing changes', () => {
    expect(comment(around('nothing changes')).text).toMatch(/\n\nNothing\.\n$/);
  });

  it('fails for what is neither', () => {
    expect(comment(around('Error: no kustomize')).status).toBe(1);
  });

  it('is not ended by a fence in a manifest', () => {
    const { text } = comment(around('diff --git a b\n+x: ````\n+@everyone'));
    expect(text).toContain('\n`````diff\n');
    expect(text.trimEnd().endsWith('\n`````')).toBe(true);
  });

  it('is cut where GitHub would refuse it, and says so', () => {
    const { text } = comment(around(`diff --git a b\n+${'x'.repeat(100_000)}`));
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain('Cut here');
  });
});
