import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BrokenCopy } from './broken-copy.ts';

// What goes past a rule that reads too little.
let copy: BrokenCopy;
beforeEach(() => {
  copy = new BrokenCopy();
});
afterEach(() => {
  copy.remove();
});

const checkout = 'de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2';

/** A workflow of one job that keeps every rule, but for what is given. */
const workflow = (steps: string, job = '') => `name: added
on: push
permissions: {}
concurrency: { group: added, cancel-in-progress: false }
jobs:
  only:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions: { contents: read }
${job}    steps:
${steps}`;
const step = (text: string) => `      - ${text}\n`;

describe('the rules', () => {
  it.each([
    { what: 'a composite action deeper down', action: 'actions/a/b/action.yml' },
    { what: 'one with the other ending', action: 'actions/a/action.yaml' },
  ])('read $what', ({ action }) => {
    copy.add(
      action,
      'name: a\nruns:\n  using: composite\n  steps:\n    - uses: actions/checkout@v6\n',
    );
    expect(copy.problems().map((text) => text.split(':')[0])).toEqual([
      'pinned-actions',
      'persisted-credentials',
    ]);
  });

  it.each(['./tools/action', './.github/actions/none', './.github/actions/../../tools/action/'])(
    'refuse the action %s, which they do not read',
    (uses) => {
      copy.add('workflows/added.yml', workflow(step(`uses: ${uses}`)));
      expect(copy.problems()).toEqual([expect.stringContaining('local-actions: ')]);
    },
  );

  it.each([
    { what: 'a container', job: '    container: node:24\n' },
    { what: 'a container with settings', job: '    container: { image: node:24 }\n' },
    { what: 'a service', job: "    services: { db: { image: 'postgres:17' } }\n" },
  ])('refuse $what by its tag', ({ job }) => {
    copy.add('workflows/added.yml', workflow(step("run: 'true'"), job));
    expect(copy.problems()).toEqual([expect.stringContaining('expected an image by its digest')]);
  });

  it("refuse an action's image by its tag", () => {
    copy.add(
      'actions/d/action.yml',
      'name: d\nruns: { using: docker, image: docker://alpine:3 }\n',
    );
    expect(copy.problems()).toEqual([expect.stringContaining('got docker://alpine:3')]);
  });

  it('see a checkout in other letters', () => {
    copy.add('workflows/added.yml', workflow(step(`uses: Actions/Checkout@${checkout}`)));
    expect(copy.problems()).toEqual([expect.stringContaining('persisted-credentials: ')]);
  });

  it.each([
    'npx nx@23 run tools:none',
    './node_modules/.bin/nx run tools:none',
    'npx nx lint none',
    'npm run --silent none',
  ])('see what is not there in %s', (run) => {
    copy.add('workflows/added.yml', workflow(step(`run: ${run}`)));
    expect(copy.problems()).toEqual([expect.stringContaining('none')]);
  });

  it('let an option of npm be', () => {
    copy.add('workflows/added.yml', workflow(step('run: npm run --silent format:check')));
    expect(copy.problems()).toEqual([]);
  });
});

describe('workflow_run', () => {
  it.each([
    {
      what: 'a condition that cannot be computed',
      from: "inputs.environment == 'staging')",
      to: "inputs.environment == 'staging') || hashFiles('x') == ''",
      found: 'expected conditions that can be computed',
    },
    {
      what: 'a condition that has another way in',
      from: "inputs.environment == 'staging')",
      to: "inputs.environment == 'staging') || github.actor != 'nobody'",
      found: 'staging: runs after a run that failed',
    },
    {
      what: 'one that is always met',
      from: "inputs.environment == 'staging')",
      to: "inputs.environment == 'staging') || github.event_name == 'workflow_run'",
      found: 'staging: runs after a pull request',
    },
    {
      what: 'what is demanded of the wrong event',
      from: "(github.event_name == 'workflow_run' &&",
      to: "(github.event_name == 'workflow_run' ||",
      found: "staging: runs after a fork's push",
    },
    {
      what: 'a second job that runs whatever came of the first',
      from: "(github.event_name == 'workflow_run' && needs.staging.result == 'success')",
      to: "github.event_name == 'workflow_run'",
      found: 'production: runs after a run that failed',
    },
  ])('is not guarded by $what', ({ from, to, found }) => {
    copy.replace('workflows/deploy.yml', from, to);
    expect(copy.problems().join('\n')).toContain(found);
  });
});
