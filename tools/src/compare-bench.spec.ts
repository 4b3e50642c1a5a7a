import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

const directory = mkdtempSync(join(tmpdir(), 'tops-compare-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const machine = { cpu: 'some CPU', cores: 2, node: 'v20.20.2' };
const report = {
  schema: 1,
  bench: 'kernel-cpu',
  machine,
  ratios: { 'a / b': { value: 0.9 }, 'c / d': { value: 1.8 } },
  figures: { a: { wall: 400, cpu: 450, best: { wall: 420, cpu: 470 } } },
};

let fileCount = 0;
function fileOf(content: unknown): string {
  const path = join(directory, `${fileCount++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function compare(base: unknown, next: unknown, ...options: string[]) {
  const args = ['tools/src/compare-bench.mjs', fileOf(base), fileOf(next), ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const withRatio = (value: unknown) => ({
  ...report,
  ratios: { ...report.ratios, 'a / b': { value } },
});

describe('compare-bench', () => {
  it('passes equal reports, and better ones', () => {
    expect(compare(report, report)).toMatchObject({ status: 0, stderr: '' });
    expect(compare(report, withRatio(1.2)).stdout).toMatch(/a \/ b +0\.900 +1\.200 +\+33\.3 %\n/);
  });

  it.each([
    { value: 0.811, options: [], status: 0 },
    { value: 0.809, options: [], status: 1 },
    { value: 0.811, options: ['--max-drop', '0.05'], status: 1 },
    { value: 0.5, options: ['--max-drop', '0.5'], status: 0 },
    { value: 0.8999, options: ['--max-drop', '0'], status: 1 },
  ])('gives $status for 0.9 → $value with $options', ({ value, options, status }) => {
    const result = compare(report, withRatio(value), ...options);
    expect(result).toMatchObject({ status, stderr: '' });
    expect(result.stdout.includes('DROP')).toBe(status === 1);
  });

  it('takes a number that is gone for a drop, and a new one for none', () => {
    const fewer = { ...report, ratios: { 'c / d': { value: 1.8 } } };
    expect(compare(report, fewer)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/a \/ b +0\.900 +gone +DROP/),
    });
    expect(compare(fewer, report)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('new'),
    });
  });

  it('compares absolute figures only when asked to, and only of one kind of machine', () => {
    const slower = { ...report, figures: { a: { wall: 400, cpu: 300 } } };
    expect(compare(report, slower).status).toBe(0);
    expect(compare(report, slower, '--figures')).toMatchObject({ status: 1, stderr: '' });
    const patch = { ...report, machine: { ...machine, node: 'v20.21.0' } };
    expect(compare(report, patch, '--figures').status).toBe(0);
    for (const change of [{ cpu: 'other' }, { cores: 4 }, { node: 'v24.1.0' }]) {
      const other = { ...report, machine: { ...machine, ...change } };
      expect(compare(report, other, '--figures')).toMatchObject({ status: 2, stdout: '' });
      expect(compare(report, other).status).toBe(0);
    }
  });

  it('goes by the medians, whatever the best rounds were', () => {
    const best = { wall: 1, cpu: 1 };
    const others = { ...report, figures: { a: { wall: 400, cpu: 450, best } } };
    expect(compare(report, others, '--figures').status).toBe(0);
    const slower = { ...report, figures: { a: { ...report.figures.a, cpu: 300 } } };
    expect(compare(report, slower, '--figures').status).toBe(1);
  });

  it.each([
    ['text that is no JSON', 'no JSON'],
    ['an empty object', {}],
    ['another schema', { ...report, schema: 2 }],
    ['another benchmark', { ...report, bench: 'verifier' }],
    ['no ratios', { ...report, ratios: {} }],
    ['a ratio of 0', withRatio(0)],
    ['a negative ratio', withRatio(-1)],
    ['a ratio that is text', withRatio('0.9')],
    ['a ratio that is null, as NaN is written', withRatio(null)],
  ])('gives 2 for %s, on either side', (_name, broken) => {
    for (const pair of [[report, broken] as const, [broken, report] as const]) {
      const { status, stdout, stderr } = compare(...pair);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^compare-bench: .+\n$/);
    }
  });

  it.each([
    [['--max-drop', '1']],
    [['--max-drop=-0.1']],
    [['--max-drop', 'ten']],
    [['--max-drop', '']],
    [['--unknown']],
    [['third.json']],
  ])('gives 2 for the arguments %p', (options) => {
    expect(compare(report, report, ...options)).toMatchObject({ status: 2, stdout: '' });
  });

  it('gives 2 for a file that is not there', () => {
    const missing = join(directory, 'missing.json');
    const args = ['tools/src/compare-bench.mjs', missing, missing];
    expect(spawnSync(process.execPath, args).status).toBe(2);
  });
});
