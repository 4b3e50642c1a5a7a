import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-benches-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

type Ratios = Readonly<Record<string, number>>;

function write(side: 'base' | 'new', reports: Readonly<Record<string, Ratios>>) {
  mkdirSync(join(root, side), { recursive: true });
  for (const [bench, ratios] of Object.entries(reports)) {
    const entries = Object.entries(ratios).map(([name, value]) => [name, { value }]);
    const report = { schema: 1, bench, ratios: Object.fromEntries(entries) };
    writeFileSync(join(root, side, `${bench}.json`), JSON.stringify(report));
  }
}

function compare(...args: string[]) {
  const sides = [`--base=${join(root, 'base')}`, `--new=${join(root, 'new')}`];
  const program = ['tools/src/compare-benches.mjs', ...sides, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('compare-benches', () => {
  it('passes the first run, and says that it is one', () => {
    write('new', { kernel: { a: 1 } });
    expect(compare()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('the first run'),
    });
  });

  it('passes reports that are as good, and one that is new', () => {
    write('base', { kernel: { a: 1 } });
    write('new', { kernel: { a: 0.95 }, verifier: { b: 1 } });
    expect(compare()).toMatchObject({ status: 0, stderr: '' });
  });

  it('fails for a drop in any of them, and names it', () => {
    write('base', { kernel: { a: 1 }, verifier: { 'c / d': 2, e: 1 } });
    write('new', { kernel: { a: 1 }, verifier: { 'c / d': 1.5, e: 1 } });
    const { status, stdout } = compare();
    expect(status).toBe(1);
    expect(stdout).toMatch(/c \/ d +2\.000 +1\.500 +−25\.0 % +DROP/);
    expect(compare('--max-drop=0.3').status).toBe(0);
  });

  it('takes a report that is gone for a drop', () => {
    write('base', { kernel: { a: 1 }, verifier: { b: 1 } });
    write('new', { kernel: { a: 1 } });
    expect(compare()).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('verifier.json\nDROP: the report is gone'),
    });
  });

  it.each([[['--max-drop=']], [['--max-drop=2']], [['--new=']]])('refuses %s', (args) => {
    write('base', { kernel: { a: 1 } });
    write('new', { kernel: { a: 1 } });
    expect(compare(...args).status).toBe(2);
  });

  it('fails for no reports at all, and for one that cannot be read', () => {
    expect(compare().status).toBe(2);
    write('base', { kernel: { a: 1 } });
    write('new', { kernel: {} });
    expect(compare().status).toBe(2);
  });
});
