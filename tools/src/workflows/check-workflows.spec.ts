import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BrokenCopy } from './broken-copy.ts';

let copy: BrokenCopy;
beforeEach(() => {
  copy = new BrokenCopy();
});
afterEach(() => {
  copy.remove();
});

function check(...args: string[]) {
  const program = ['tools/src/workflows/check-workflows.mjs', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const sha = 'de0fac2e4500dabe0009e67214ff5f5447ce83dd';
const checkout = `actions/checkout@${sha} # v6.0.2`;

describe('the rules', () => {
  it('find nothing in the workflows as they are', () => {
    expect(copy.problems()).toEqual([]);
  });

  it.each([
    {
      what: 'a tag instead of a commit',
      path: 'workflows/codeql.yml',
      from: checkout,
      to: 'actions/checkout@v6',
      found: ['pinned-actions: .github/workflows/codeql.yml: analyze, step 1: expected a commit'],
    },
    {
      what: 'a short commit',
      path: 'actions/setup/action.yml',
      from: /actions\/cache@\w+/,
      to: 'actions/cache@668228422ae6a00e',
      found: ['pinned-actions: .github/actions/setup/action.yml: runs, step 2: expected a commit'],
    },
    {
      what: 'a pin without its version',
      path: 'workflows/scorecard.yml',
      from: checkout,
      to: `actions/checkout@${sha}`,
      found: [
        'pinned-actions: .github/workflows/scorecard.yml: analysis, step 1: expected "# vN.N.N"',
      ],
    },
    {
      what: 'a major version in the comment',
      path: 'workflows/scorecard.yml',
      from: checkout,
      to: `actions/checkout@${sha} # v6`,
      found: [
        'pinned-actions: .github/workflows/scorecard.yml: analysis, step 1: expected "# vN.N.N"',
      ],
    },
    {
      what: 'another commit of an action used elsewhere',
      path: 'workflows/scorecard.yml',
      from: sha,
      to: 'a'.repeat(40),
      found: [
        'pinned-actions: .github/workflows/scorecard.yml: analysis, step 1: actions/checkout is',
      ],
    },
    {
      what: 'permissions at the top',
      path: 'workflows/dependency-scan.yml',
      from: 'permissions: {}',
      to: 'permissions: { contents: read }',
      found: ['top-permissions: .github/workflows/dependency-scan.yml: expected permissions: {}'],
    },
    {
      what: 'no permissions at the top, which are those of the repository',
      path: 'workflows/dependency-scan.yml',
      from: 'permissions: {}\n',
      to: '',
      found: ['top-permissions: .github/workflows/dependency-scan.yml'],
    },
    {
      what: 'a job without permissions of its own',
      path: 'workflows/dependency-scan.yml',
      from: /( {4}timeout-minutes: 15\n) {4}permissions:\n {6}contents: read\n/,
      to: '$1',
      found: ['job-permissions: .github/workflows/dependency-scan.yml: audit: expected its own'],
    },
    {
      what: 'all permissions in one word',
      path: 'workflows/dependency-scan.yml',
      from: / {4}permissions:\n {6}contents: read\n/,
      to: '    permissions: write-all\n',
      found: ['job-permissions: .github/workflows/dependency-scan.yml: audit: expected its own'],
    },
    {
      what: 'a job that may write more than it needs',
      path: 'workflows/ci-cd.yml',
      from: 'contents: read',
      to: 'contents: write',
      found: ['job-permissions: .github/workflows/ci-cd.yml: test: may not write contents'],
    },
    {
      what: 'a token left in the checkout',
      path: 'workflows/codeql.yml',
      from: 'persist-credentials: false',
      to: 'fetch-depth: 1',
      found: ['persisted-credentials: .github/workflows/codeql.yml: analyze, step 1'],
    },
    {
      what: 'a token said to be left in the checkout',
      path: 'workflows/codeql.yml',
      from: 'persist-credentials: false',
      to: 'persist-credentials: true',
      found: ['persisted-credentials: .github/workflows/codeql.yml: analyze, step 1'],
    },
    {
      what: 'a job without a bound',
      path: 'workflows/scorecard.yml',
      from: /.*timeout-minutes.*\n/,
      to: '',
      found: ['timeouts: .github/workflows/scorecard.yml: analysis: expected timeout-minutes'],
    },
    {
      what: 'a job with the bound that GitHub has anyway',
      path: 'workflows/scorecard.yml',
      from: 'timeout-minutes: 20',
      to: 'timeout-minutes: 360',
      found: ['timeouts: .github/workflows/scorecard.yml: analysis'],
    },
    {
      what: 'no concurrency group',
      path: 'workflows/codeql.yml',
      from: /concurrency:\n.*\n.*\n/,
      to: '',
      found: ['concurrency: .github/workflows/codeql.yml: expected a concurrency group'],
    },
    {
      what: 'a group that does not say whether it cancels',
      path: 'workflows/codeql.yml',
      from: / {2}cancel-in-progress.*\n/,
      to: '',
      found: ['concurrency: .github/workflows/codeql.yml: expected cancel-in-progress'],
    },
    {
      what: 'pull_request_target',
      path: 'workflows/codeql.yml',
      from: 'pull_request:',
      to: 'pull_request_target:',
      found: ['triggers: .github/workflows/codeql.yml: runs on pull_request_target'],
    },
    {
      what: 'workflow_run without asking whose run it was',
      path: 'workflows/scorecard.yml',
      from: '  branch_protection_rule:\n',
      to: '  branch_protection_rule:\n  workflow_run:\n    workflows: [ci-cd]\n',
      found: [
        'concurrency: .github/workflows/scorecard.yml: expected concurrency groups of jobs',
        ...['after a run that failed', 'after a pull request', "after a fork's push"],
      ],
    },
    {
      what: 'one group for all that starts after other runs, whoever caused them',
      path: 'workflows/deploy.yml',
      from: 'permissions: {}\n',
      to: 'permissions: {}\nconcurrency: { group: deploy, cancel-in-progress: false }\n',
      found: ['concurrency: .github/workflows/deploy.yml: expected concurrency groups of jobs'],
    },
    {
      what: 'one job without a group where the others have one',
      path: 'workflows/deploy.yml',
      from: / {4}concurrency:\n.*\n.*\n.*\n/,
      to: '',
      found: ['concurrency: .github/workflows/deploy.yml: staging: expected a concurrency group'],
    },
    {
      what: 'the title of a pull request in a script',
      path: 'workflows/dependency-scan.yml',
      from: 'run: npm audit --audit-level=high',
      to: 'run: echo ${{ github.event.pull_request.title }}',
      found: ['expressions-in-scripts: .github/workflows/dependency-scan.yml: audit, step 3'],
    },
    {
      what: 'the name of a branch in a script of several lines',
      path: 'workflows/codeql.yml',
      from: '          rm -rf',
      to: '          git switch "${{ github.head_ref }}"\n          rm -rf',
      found: ['expressions-in-scripts: .github/workflows/codeql.yml: analyze, step 4'],
    },
    {
      what: 'an input in the script of an action',
      path: 'actions/setup/action.yml',
      from: 'run: npm ci',
      to: 'run: npm ci ${{ inputs.cache }}',
      found: ['expressions-in-scripts: .github/actions/setup/action.yml: runs, step 3'],
    },
    {
      what: 'a runner that changes by itself',
      path: 'workflows/scorecard.yml',
      from: 'ubuntu-24.04',
      to: 'ubuntu-latest',
      found: ['runners: .github/workflows/scorecard.yml: ubuntu-latest'],
    },
    {
      what: 'a target that no project has',
      path: 'workflows/ci-cd.yml',
      from: '--targets=lint,typecheck,check,test,e2e',
      to: '--targets=lint,typechek,check,test,e2e',
      found: ['targets: .github/workflows/ci-cd.yml: test, step 4'],
    },
    {
      what: 'the second of several targets, that no project has',
      path: 'workflows/ci-cd.yml',
      from: '--targets=lint,typecheck,check,test,e2e',
      to: '-t lint typechek --parallel=1',
      found: ['no project has the target typechek'],
    },
    {
      what: 'a variable for a target that makes a line of shell of it',
      path: 'workflows/ci-cd.yml',
      from: '--sizes=512,1024',
      to: '--sizes="$GITHUB_REF_NAME"',
      found: ['kernel-cpu:bench gets --sizes="$GITHUB_REF_NAME", which its shell reads again'],
    },
    {
      what: 'a target that this project has not',
      path: 'workflows/ci-cd.yml',
      from: 'nx run docker:smoke',
      to: 'nx run tools:smoke',
      found: ['the project tools has no target smoke'],
    },
    {
      what: 'a project that is not there',
      path: 'workflows/ci-cd.yml',
      from: 'nx bench kernel-cpu',
      to: 'nx bench kernel-cpus',
      found: ['Nx has no project kernel-cpus'],
    },
    {
      what: 'an entry of a matrix that makes the name of no project',
      path: 'workflows/dependency-scan.yml',
      from: 'image: [verifier, worker-cpu, worker-gpu]',
      to: 'image: [verifier, worker, worker-gpu]',
      found: ['Nx has no project docker-worker'],
    },
    {
      what: 'a script that package.json has not',
      path: 'workflows/ci-cd.yml',
      from: 'npm run format:check',
      to: 'npm run format:chek',
      found: ['package.json has no script format:chek'],
    },
  ])('see $what', ({ path, from, to, found }) => {
    copy.replace(path, from, to);
    const seen = copy.problems();
    expect(seen).toHaveLength(found.length);
    for (const [index, text] of found.entries()) expect(seen[index]).toContain(text);
  });
});

describe('check-workflows', () => {
  it('passes the repository, with actionlint', () => {
    const { status, stdout, stderr } = check();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/: 0 problems\n$/);
  });

  it('fails for what actionlint alone sees', () => {
    copy.replace('workflows/codeql.yml', 'matrix.language', 'matrix.langauge');
    const { status, stderr } = check('--root', copy.root);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^actionlint: \.github\/workflows\/codeql\.yml:\d+:\d+: .*langauge/m);
  });

  it('fails where there are no workflows', () => {
    mkdirSync(join(copy.root, 'empty'));
    expect(check('--root', join(copy.root, 'empty')).status).toBe(2);
  });
});
