import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tops-checks-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** Runs checks in a process of their own, since they set its exit code, and counts them as `npm test` does. */
function runChecks(body: string) {
  const program = `
    import { CheckList } from ${JSON.stringify(resolve('docker/smoke/check-list.mjs'))};
    const checks = new CheckList('some-smoke', 'dist/test-results');
    await checks.run(async () => { checks.begin('a title'); ${body} });`;
  const options = { cwd: dir, encoding: 'utf8' } as const;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], options);
  const summary = spawnSync(process.execPath, [resolve('tools/src/test-summary.mjs')], options);
  return { status: run.status, summary: summary.stdout, summaryStatus: summary.status };
}

describe('CheckList', () => {
  it('counts what passed in the closing line of all tests', () => {
    expect(runChecks(`checks.check(true, 'a'); checks.check(1 === 1, 'b');`)).toEqual({
      status: 0,
      summary: 'tests: 2 passed, 0 failed\n',
      summaryStatus: 0,
    });
  });

  it('fails, and counts, with one check that failed', () => {
    expect(runChecks(`checks.check(true, 'a'); checks.check(false, 'b');`)).toEqual({
      status: 1,
      summary: 'tests: 1 passed, 1 failed\n',
      summaryStatus: 1,
    });
  });

  it('counts an error as a check that failed', () => {
    expect(runChecks(`checks.check(true, 'a'); throw new Error('over');`)).toEqual({
      status: 1,
      summary: 'tests: 1 passed, 1 failed\n',
      summaryStatus: 1,
    });
  });

  it('names what is skipped, and takes nothing but that for no success', () => {
    expect(runChecks(`checks.skip('b');`)).toEqual({
      status: 1,
      summary: 'skipped: some-smoke: a title: b\ntests: 0 passed, 0 failed\n',
      summaryStatus: 1,
    });
  });
});
