// The jobs of a workflow on this machine: npx nx run tools:ci-local -- [--list] [--jobs test,build] [--event pull_request] [--online]
//
// The commands are those of the workflow file itself, in the order of its jobs, each in a shell as the runner starts it. Actions, and
// whatever else needs GitHub, are listed as not run, with the reason; so are other platforms. The workspace's packages are installed
// already: this program is one of its targets.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readWorkflowFile } from '../workflows/workflow-files.mjs';
import { NeedsGitHubError, fill, isWanted } from './expressions.mjs';
import { whyNotHere } from './machine.mjs';
import { entriesHere, githubContext, jobOrder } from './plan.mjs';
import { runScript } from './run-step.mjs';

const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));
const { values } = parseArgs({
  options: {
    root: { type: 'string', default: workspaceRoot },
    workflow: { type: 'string', default: 'ci-cd.yml' },
    jobs: { type: 'string', default: '' },
    event: { type: 'string', default: 'push' },
    list: { type: 'boolean', default: false },
    online: { type: 'boolean', default: false },
  },
});

const { content } = readWorkflowFile(values.root, `.github/workflows/${values.workflow}`);
const github = githubContext({ event: values.event });
const chosen = values.jobs.split(',').filter((name) => name !== '');
const unknown = chosen.filter((name) => !(name in content.jobs));
if (unknown.length > 0) {
  console.error(`ci-local: expected jobs of ${values.workflow}, got ${unknown.join(', ')}`);
  process.exit(2);
}

/** What happened, in order: status is `ok`, `FAIL` or `not run`. */
const report = [];
function tell(status, what, reason = '') {
  report.push({ status, what, reason });
  console.log(`${status.padEnd(8)} ${what}${reason === '' ? '' : `: ${reason}`}`);
}

const needs = {};
const stateFunctions = (isFailed) => ({
  always: () => true,
  cancelled: () => false,
  success: () => !isFailed(),
  failure: () => isFailed(),
});

/** The reason why something is not run when an expression of it cannot be known here. */
function withReason(compute) {
  try {
    return { value: compute() };
  } catch (error) {
    if (!(error instanceof NeedsGitHubError)) throw error;
    return { reason: `needs GitHub (${error.message})` };
  }
}

const fillAll = (env, contexts) =>
  Object.fromEntries(Object.entries(env ?? {}).map(([key, text]) => [key, fill(text, contexts)]));

const titleOf = (step) => step.name ?? step.run?.trim().split('\n')[0] ?? step.uses;

/** @returns whether the job goes on well */
function runStep(step, place, { contexts, job, env }) {
  const what = `${place}: ${titleOf(step)}`;
  const wanted = withReason(() => isWanted(step.if, contexts));
  if (wanted.reason !== undefined) return tell('not run', what, wanted.reason);
  if (!wanted.value) return tell('not run', what, step.if ?? 'a step before failed');
  if (step.uses !== undefined) {
    const isSetup = step.uses === './.github/actions/setup';
    return tell('not run', what, isSetup ? 'npm ci has been run' : 'an action of GitHub');
  }
  const own = withReason(() => ({
    ...env,
    ...fillAll(job.env, contexts),
    ...fillAll(step.env, contexts),
  }));
  const reason = own.reason ?? whyNotHere(step.run, { isOnline: values.online });
  if (reason !== undefined) return tell('not run', what, reason);
  if (values.list) return tell('would', what);
  const { shell } = step;
  console.log(`\n── ${what}`);
  const { isDone, outputs } = runScript({
    ...{ run: step.run, shell, env: own.value, cwd: values.root, refName: github.ref_name },
  });
  if (step.id !== undefined) contexts.steps[step.id] = { outputs };
  tell(isDone ? 'ok' : 'FAIL', what);
  if (!isDone) contexts.state.isFailed = true;
}

function runEntry(name, { entry, label }) {
  const job = content.jobs[name];
  const state = { isFailed: false };
  const functions = stateFunctions(() => state.isFailed);
  // As on GitHub, what a step that was not run has put out is empty.
  const ids = (job.steps ?? []).flatMap(({ id }) => (id === undefined ? [] : [id]));
  const steps = Object.fromEntries(ids.map((id) => [id, { outputs: {} }]));
  const contexts = { github, matrix: entry, needs, steps, functions, state };
  const env = fillAll(content.env, contexts);
  contexts.env = env;
  contexts.vars = {};
  const place = label === '' ? name : `${name} (${label})`;
  for (const step of job.steps ?? []) runStep(step, place, { contexts, job, env });
  for (const [key, text] of Object.entries(job.outputs ?? {})) {
    const output = withReason(() => fill(text, contexts));
    if (output.reason === undefined) needs[name].outputs[key] = output.value;
  }
  return !state.isFailed;
}

function runJob(name) {
  const job = content.jobs[name];
  needs[name] = { result: 'unknown', outputs: {} };
  const before = [job.needs ?? []].flat().map((needed) => needs[needed]?.result);
  // A job that was only not run here, for want of GitHub, stops nobody; what waits for one that was not wanted is not either.
  const functions = stateFunctions(() => before.includes('failure') || before.includes('skipped'));
  const contexts = { github, needs, functions, vars: {} };
  const wanted = withReason(() => isWanted(job.if, contexts));
  if (wanted.reason !== undefined) return tell('not run', name, wanted.reason);
  if (!wanted.value) {
    needs[name].result = 'skipped';
    return tell('not run', name, functions.success() ? job.if : 'waits for a job that was not run');
  }
  const entries = withReason(() => entriesHere(job, contexts));
  if (entries.reason !== undefined) return tell('not run', name, entries.reason);
  let isFailed = false;
  for (const place of entries.value) {
    if (place.reason !== undefined) tell('not run', `${name} (${place.label})`, place.reason);
    else isFailed = !runEntry(name, place) || isFailed;
  }
  needs[name].result = isFailed ? 'failure' : 'success';
}

for (const name of jobOrder(content.jobs)) {
  if (chosen.length === 0 || chosen.includes(name)) runJob(name);
}

const count = (status) => report.filter((one) => one.status === status).length;
if (!values.list) {
  console.log('\n');
  for (const { status, what, reason } of report)
    console.log(`${status.padEnd(8)} ${what}${reason === '' ? '' : `: ${reason}`}`);
}
console.log(`\n${count('ok')} ok, ${count('FAIL')} failed, ${count('not run')} not run`);
// Nothing run shows nothing.
process.exit(count('FAIL') === 0 && (values.list || count('ok') > 0) ? 0 : 1);
