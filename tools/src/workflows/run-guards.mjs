// Whom a workflow that starts after other runs (`workflow_run`) works for. Such a run has every right there is, also when a fork's
// pull request set it off; so each job's condition is computed for those that must get nothing.
import { evaluate } from '../ci-local/expressions.mjs';
import { jobOrder } from '../ci-local/plan.mjs';
import { jobsOf } from './workflow-files.mjs';

const REPOSITORY = 'owner/name';
const GREEN_PUSH = {
  conclusion: 'success',
  event: 'push',
  head_branch: 'main',
  head_repository: { full_name: REPOSITORY },
};
const STRANGERS = {
  'a run that failed': { ...GREEN_PUSH, conclusion: 'failure' },
  'a pull request': { ...GREEN_PUSH, event: 'pull_request' },
  "a fork's push": { ...GREEN_PUSH, head_repository: { full_name: 'stranger/name' } },
};

const contextsOf = (run, needs) => ({
  github: {
    event_name: 'workflow_run',
    event: { workflow_run: run },
    ref: 'refs/heads/main',
    ref_name: 'main',
    ref_type: 'branch',
    repository: REPOSITORY,
    repository_owner: REPOSITORY.split('/')[0],
  },
  inputs: {},
  vars: {},
  needs,
});

/** Jobs in their order, each with whether it would run. */
function jobsThatRun(jobs, run) {
  const needs = {};
  const running = [];
  for (const name of jobOrder(jobs)) {
    const before = [jobs[name].needs ?? []].flat().map((needed) => needs[needed].result);
    const isWell = before.every((result) => result === 'success');
    const functions = {
      ...{ always: () => true, cancelled: () => false },
      ...{ success: () => isWell, failure: () => false },
    };
    const condition = String(jobs[name].if ?? 'success()').replace(/^\s*\$\{\{(.*)\}\}\s*$/s, '$1');
    const asksForState = /\b(?:always|success|failure|cancelled)\(\)/.test(condition);
    const runs =
      (asksForState || isWell) &&
      Boolean(evaluate(condition, { ...contextsOf(run, needs), functions }));
    needs[name] = { result: runs ? 'success' : 'skipped', outputs: {} };
    if (runs) running.push(name);
  }
  return running;
}

/** @returns jobs that work for whom they must not, as sentences; what cannot be computed is one */
export function unguardedJobs(file) {
  const jobs = Object.fromEntries(jobsOf(file));
  return Object.entries(STRANGERS).flatMap(([whose, run]) => {
    try {
      return jobsThatRun(jobs, run).map((name) => `${file.path}: ${name}: runs after ${whose}`);
    } catch (error) {
      return [`${file.path}: expected conditions that can be computed: ${error.message}`];
    }
  });
}
