import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NeedsGitHubError, evaluate, fill } from './expressions.mjs';
import { platformOf, thisPlatform, whyNotHere } from './machine.mjs';
import { jobOrder } from './plan.mjs';
import { parseOutputs } from './run-step.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-ci-local-'));
  mkdirSync(join(root, '.github/workflows'), { recursive: true });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const labels: Record<string, string> = {
  'linux-x64': 'ubuntu-24.04',
  'linux-arm64': 'ubuntu-24.04-arm',
  'darwin-arm64': 'macos-15',
  'darwin-x64': 'macos-15-intel',
};
const here = labels[thisPlatform] ?? thisPlatform;
const elsewhere = Object.values(labels).find((label) => label !== here) ?? '';

/** A workflow of these jobs; `HERE` and `ELSEWHERE` become runners. */
function ciLocal(jobs: string, ...args: string[]) {
  const text = `on: push\nenv: { WHERE: top }\njobs:\n${jobs}`
    .replace(/\bELSEWHERE\b/g, elsewhere)
    .replace(/\bHERE\b/g, here);
  writeFileSync(join(root, '.github/workflows/ci-cd.yml'), text);
  const program = ['tools/src/ci-local/ci-local.mjs', '--root', root, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, {
    encoding: 'utf8',
    env: { ...process.env, GITHUB_TOKEN: 'never-seen', NX_TASK_HASH: 'never-seen' },
  });
  const lines = stdout.split('\n\n\n').at(-1)?.trim().split('\n') ?? [];
  return { status, stdout, stderr, last: lines.at(-1), lines };
}

describe('ci-local', () => {
  it('runs the commands of jobs in the order of their needs, with their environment', () => {
    const { status, stdout, last } = ciLocal(`
  second:
    needs: first
    runs-on: HERE
    env: { WHERE: job }
    steps:
      - { run: 'echo "from second: $WHERE $WHO \${GITHUB_TOKEN-none} \${NX_TASK_HASH-none} $CI"', env: { WHO: 'step \${{ needs.first.outputs.word }}' } }
  first:
    runs-on: HERE
    outputs: { word: '\${{ steps.say.outputs.word }}' }
    steps:
      - { id: say, run: 'echo "from first: $WHERE"; echo "word=hello" >> "$GITHUB_OUTPUT"' }
`);
    expect(stdout.indexOf('from first: top')).toBeGreaterThan(-1);
    expect(stdout.indexOf('from second: job step hello none none true')).toBeGreaterThan(
      stdout.indexOf('from first: top'),
    );
    expect({ status, last }).toEqual({ status: 0, last: '2 ok, 0 failed, 0 not run' });
  });

  it('fails with a command that fails, and runs neither the rest of its job nor what waits for it', () => {
    const { status, lines } = ciLocal(`
  a:
    runs-on: HERE
    steps:
      - { name: broken, run: 'false; echo not reached' }
      - { name: rest, run: 'echo not reached' }
      - { name: told, if: failure(), run: 'echo told' }
  b: { needs: a, runs-on: HERE, steps: [{ run: 'echo not reached' }] }
  c: { runs-on: HERE, steps: [{ name: other, run: 'true' }] }
`);
    expect(status).toBe(1);
    expect(lines).toEqual([
      'FAIL     a: broken',
      'not run  a: rest: a step before failed',
      'ok       a: told',
      'not run  b: waits for a job that was not run',
      'ok       c: other',
      '',
      '2 ok, 1 failed, 2 not run',
    ]);
  });

  it('lists what needs GitHub, another machine or another event, with the reason', () => {
    const { status, lines } = ciLocal(`
  a:
    runs-on: HERE
    steps:
      - uses: actions/checkout@v6
      - uses: ./.github/actions/setup
      - { name: token, run: 'true', env: { T: '\${{ github.token }}' } }
      - { name: secret, run: 'true', env: { T: '\${{ secrets.KEY }}' } }
      - { name: release, run: gh release create v1 }
      - { name: machine, run: 'echo && sudo rm x' }
      - { name: audit, run: npm audit --audit-level=high }
      - { name: deploy, run: npx nx run k8s:deploy -- --env staging }
      - { name: pull request, if: github.event_name == 'pull_request', run: 'true' }
      - { name: done, run: 'true' }
  b: { if: 'startsWith(github.ref, ''refs/tags/v'')', runs-on: HERE, steps: [{ run: 'true' }] }
  c: { needs: b, runs-on: HERE, steps: [{ run: 'true' }] }
  d: { runs-on: ELSEWHERE, steps: [{ run: 'true' }] }
`);
    expect(lines.slice(0, -2)).toEqual([
      'not run  a: actions/checkout@v6: an action of GitHub',
      'not run  a: ./.github/actions/setup: npm ci has been run',
      'not run  a: token: needs GitHub (github.token)',
      'not run  a: secret: needs GitHub (secrets)',
      'not run  a: release: needs GitHub (gh)',
      'not run  a: machine: needs changes the machine (sudo)',
      'not run  a: audit: asks the registry for advisories (--online)',
      'not run  a: deploy: needs a cluster',
      "not run  a: pull request: github.event_name == 'pull_request'",
      'ok       a: done',
      "not run  b: startsWith(github.ref, 'refs/tags/v')",
      'not run  c: waits for a job that was not run',
      `not run  d (): needs ${elsewhere}`,
    ]);
    expect(status).toBe(0);
  });

  it('runs one entry of a matrix that differs by Node.js alone, and those of this platform', () => {
    const { lines } = ciLocal(`
  a:
    runs-on: \${{ matrix.os }}
    strategy: { matrix: { os: [HERE, ELSEWHERE], node: ['22', '24'] } }
    steps: [{ name: step, run: 'test "$N" = 22', env: { N: '\${{ matrix.node }}' } }]
`);
    const major = process.versions.node.split('.')[0];
    const note = major === '22' ? '' : `; here it is ${process.version}`;
    expect(lines.slice(0, 4)).toEqual([
      `ok       a (os ${here}, node 22${note}): step`,
      `not run  a (os ${here}, node 24): the same with Node 24; here it is ${process.version}`,
      `not run  a (os ${elsewhere}, node 22): needs ${elsewhere}`,
      `not run  a (os ${elsewhere}, node 24): needs ${elsewhere}`,
    ]);
  });

  it('runs nothing with --list, and nothing but the jobs asked for', () => {
    const jobs = `
  a: { runs-on: HERE, steps: [{ name: step, run: 'false' }] }
  b: { runs-on: HERE, steps: [{ name: step, run: 'true' }] }
`;
    expect(ciLocal(jobs, '--list')).toMatchObject({ status: 0, last: '0 ok, 0 failed, 0 not run' });
    expect(ciLocal(jobs, '--jobs=b')).toMatchObject({
      status: 0,
      last: '1 ok, 0 failed, 0 not run',
    });
    expect(ciLocal(jobs, '--jobs=c')).toMatchObject({ status: 2 });
  });

  it('fails when nothing could be run', () => {
    expect(
      ciLocal(`
  a: { runs-on: ELSEWHERE, steps: [{ run: 'true' }] }
`).status,
    ).toBe(1);
  });

  it('is green where a pipe fails before its end, as the runner is without `shell: bash`', () => {
    const step = (shell: string) => `
  a: { runs-on: HERE, steps: [{ name: pipe, run: 'false | true'${shell} }] }
`;
    expect(ciLocal(step('')).status).toBe(0);
    expect(ciLocal(step(', shell: bash')).status).toBe(1);
  });
});

describe('jobOrder', () => {
  it('refuses jobs that wait for each other or for nobody', () => {
    expect(() => jobOrder({ a: { needs: 'b' }, b: { needs: ['a'] } })).toThrow('a → b → a');
    expect(() => jobOrder({ a: { needs: 'b' } })).toThrow('expected a job b');
  });
});

describe('expressions', () => {
  const contexts = {
    github: { event_name: 'push', ref: 'refs/tags/v1', event: {}, token: undefined },
    matrix: { node: '24', flag: true },
    functions: { success: () => true, always: () => true },
  };

  it.each([
    ["github.event_name == 'PUSH'", true],
    ["github.event_name != 'push' || startsWith(github.ref, 'refs/tags/v')", true],
    ["!(matrix.flag && github.event_name == 'push')", false],
    ["matrix.node == 24 && 'yes' || 'no'", 'yes'],
    ["github.event.pull_request.base.sha || 'none'", 'none'],
    ["contains(github.ref, 'V1')", true],
    ["fromJSON('[1,2]') == null", false],
    ["'it''s'", "it's"],
    // Of two kinds both become numbers, and a text that is none equals nothing.
    ["matrix.flag == 'true'", false],
    ["matrix.flag != 'true'", true],
    ["matrix.flag == '1'", true],
    ["github.event.x == ''", true],
    ["github.event.x == 'null'", false],
    ["false == ''", true],
    // What is not needed is not read.
    ["github.event_name == 'push' || secrets.KEY", true],
    ['always()', true],
    ["join(fromJSON('[1,2]'), '-')", '1-2'],
    ["github['event_name'] == 'push' && matrix.node >= 24", true],
  ])('%s is %s', (expression, value) => {
    expect(evaluate(expression, contexts)).toEqual(value);
  });

  it.each(['secrets.KEY', 'github.token', "hashFiles('**/*.ts')", 'toJSON(needs)', "fromJSON('')"])(
    '%s is known to GitHub alone',
    (expression) => {
      expect(() => evaluate(expression, contexts)).toThrow(NeedsGitHubError);
    },
  );

  it.each(['', "'", 'a b', '(github.ref', '== 1', 'github.ref = 1'])('%s is none', (expression) => {
    expect(() => evaluate(expression, contexts)).toThrow();
  });

  it('fills texts, and keeps what is one expression', () => {
    expect(fill('a ${{ matrix.node }} b ${{ github.event.x }}.', contexts)).toBe('a 24 b .');
    expect(fill('${{ matrix.flag }}', contexts)).toBe(true);
  });
});

describe('parseOutputs', () => {
  it('reads lines and blocks', () => {
    expect(parseOutputs('a=1\nb<<END\nx=2\ny\nEND\nc=\n')).toEqual({ a: '1', b: 'x=2\ny', c: '' });
  });
});

describe('the machine', () => {
  it('knows what runners are', () => {
    for (const [platform, label] of Object.entries(labels))
      expect(platformOf(label)).toBe(platform);
  });

  it.each(['npx nx run tools:docs', 'echo ghost', 'npx nx run docker:matrix', 'npm ci'])(
    'can do %s',
    (run) => {
      expect(whyNotHere(run, { isOnline: false })).toBeUndefined();
    },
  );

  it('asks for advisories when told so', () => {
    expect(whyNotHere('npm audit', { isOnline: true })).toBeUndefined();
  });
});
