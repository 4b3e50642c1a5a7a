// The rules that every workflow and action of this repository keeps. Each gives its problems as sentences that name the place.
import { missingTargets, shellArguments } from './nx-commands.mjs';
import { unguardedJobs } from './run-guards.mjs';
import { jobsOf, stepsOf, triggersOf } from './workflow-files.mjs';

const JOB_MINUTES_MAX = 180;
const PIN = /^([\w.-]+\/[\w.-]+(?:\/[\w./-]+)?)@([0-9a-f]{40})$/;
const VERSION = /^v\d+\.\d+\.\d+$/;

/** Who may write what. Everything else only reads; another entry here is a decision to be argued for. */
const WRITERS = {
  'ci-cd.yml/docker': ['packages', 'id-token', 'attestations'],
  'ci-cd.yml/k8s-comment': ['pull-requests'],
  'ci-cd.yml/publish': ['packages'],
  'ci-cd.yml/release': ['contents', 'id-token', 'attestations'],
  'codeql.yml/analyze': ['security-events'],
  'dependency-scan.yml/files': ['security-events'],
  'dependency-scan.yml/images': ['security-events'],
  'scorecard.yml/analysis': ['security-events', 'id-token'],
};

const workflowsOf = (files) => files.filter(({ isAction }) => !isAction);

function calledBy(file) {
  const called = jobsOf(file).flatMap(([name, job]) =>
    typeof job?.uses === 'string' ? [{ place: `${file.path}: ${name}`, uses: job.uses }] : [],
  );
  const used = stepsOf(file).flatMap(({ step, place }) =>
    typeof step?.uses === 'string' ? [{ place, uses: step.uses }] : [],
  );
  return [...called, ...used];
}

const usesOf = (file) => calledBy(file).filter(({ uses }) => !uses.startsWith('./'));

/** Only what is read here is held to the rules: an action elsewhere, or one that is not there, would be none of theirs. */
function localActions(files) {
  const known = new Set(files.map(({ path }) => `./${path}`));
  const isKnown = (uses) =>
    [uses, `${uses}/action.yml`, `${uses}/action.yaml`].some((path) => known.has(path));
  return files
    .flatMap(calledBy)
    .filter(({ uses }) => uses.startsWith('./') && !isKnown(uses.replace(/\/$/, '')))
    .map(({ place, uses }) => `${place}: expected an action of .github/actions, got ${uses}`);
}

/** Containers that jobs run in or beside, and those of actions: by their digests. */
function pinnedContainers(files) {
  const imageOf = (container) => (typeof container === 'string' ? container : container?.image);
  return files.flatMap((file) =>
    jobsOf(file).flatMap(([name, job]) =>
      [job?.container, ...Object.values(job?.services ?? {}), job?.image]
        .map(imageOf)
        .filter((image) => image !== undefined && !/@sha256:[0-9a-f]{64}$/.test(image))
        .map((image) => `${file.path}: ${name}: expected an image by its digest, got ${image}`),
    ),
  );
}

/** The comment behind a pin, from the text: parsers drop comments. */
function versionsBehind({ text }, uses) {
  const lines = text.split('\n').filter((line) => line.includes(uses));
  return lines.map((line) => line.split(uses)[1].trim().replace(/^#\s*/, ''));
}

function pinnedActions(files) {
  const pins = new Map();
  const problems = [];
  for (const file of files) {
    for (const { place, uses } of usesOf(file)) {
      const [, name, sha] = PIN.exec(uses) ?? [];
      if (sha === undefined) {
        problems.push(`${place}: expected a commit of 40 hex digits, got ${uses}`);
        continue;
      }
      for (const version of versionsBehind(file, uses)) {
        if (!VERSION.test(version)) {
          const got = version || 'nothing';
          problems.push(`${place}: expected "# vN.N.N" behind ${uses}, got ${got}`);
          continue;
        }
        // Parts of one repository (codeql-action/init and /analyze) are one thing.
        const repository = name.split('/').slice(0, 2).join('/');
        const pin = `${sha} ${version}`;
        const other = pins.get(repository) ?? pin;
        if (other !== pin)
          problems.push(`${place}: ${repository} is ${other} elsewhere, here ${pin}`);
        pins.set(repository, other);
      }
    }
  }
  return [...new Set(problems)];
}

function topPermissions(files) {
  return workflowsOf(files)
    .filter(({ content }) => JSON.stringify(content?.permissions) !== '{}')
    .map(({ path, content }) => {
      const got = JSON.stringify(content?.permissions) ?? 'nothing';
      return `${path}: expected permissions: {} at the top, got ${got}`;
    });
}

function jobPermissions(files) {
  return workflowsOf(files).flatMap((file) =>
    jobsOf(file).flatMap(([name, job]) => {
      const { permissions } = job ?? {};
      const place = `${file.path}: ${name}`;
      if (typeof permissions !== 'object' || permissions === null)
        return [`${place}: expected its own permissions, one by one, got ${permissions ?? 'none'}`];
      const allowed = WRITERS[`${file.path.split('/').at(-1)}/${name}`] ?? [];
      return Object.entries(permissions)
        .filter(([scope, access]) => access === 'write' && !allowed.includes(scope))
        .map(([scope]) => `${place}: may not write ${scope}`);
    }),
  );
}

function persistedCredentials(files) {
  return files.flatMap((file) =>
    stepsOf(file)
      .filter(({ step }) => /^actions\/checkout@/i.test(step?.uses ?? ''))
      .filter(({ step }) => step.with?.['persist-credentials'] !== false)
      .map(({ place }) => `${place}: expected persist-credentials: false`),
  );
}

function timeouts(files) {
  return workflowsOf(files).flatMap((file) =>
    jobsOf(file)
      .filter(
        ([, job]) => !(job?.['timeout-minutes'] > 0 && job['timeout-minutes'] <= JOB_MINUTES_MAX),
      )
      .map(([name, job]) => {
        const got = job?.['timeout-minutes'] ?? 'none';
        return `${file.path}: ${name}: expected timeout-minutes up to ${JOB_MINUTES_MAX}, got ${got}`;
      }),
  );
}

function groupProblems(place, { group, 'cancel-in-progress': cancels } = {}) {
  if (typeof group !== 'string') return [`${place}: expected a concurrency group, got none`];
  return cancels === undefined ? [`${place}: expected cancel-in-progress to be said`] : [];
}

/** Of the workflow, or of every job. After `workflow_run` of jobs: that starts for every run, and would take a place it has no use for. */
function concurrency(files) {
  return workflowsOf(files).flatMap((file) => {
    const { path, content } = file;
    const isByJob = 'workflow_run' in triggersOf(file);
    const top = content?.concurrency ?? undefined;
    if (isByJob && top !== undefined)
      return [
        `${path}: expected concurrency groups of jobs after workflow_run, got one of the workflow`,
      ];
    const ofJobs = jobsOf(file).map(([name, job]) => [`${path}: ${name}`, job?.concurrency]);
    const isOfJobs = top === undefined && ofJobs.some(([, own]) => own !== undefined);
    if (!isByJob && !isOfJobs) return groupProblems(path, top);
    return ofJobs.flatMap(([place, own]) => groupProblems(place, own ?? undefined));
  });
}

/** Triggers that run with the repository's rights on what strangers sent. */
function triggers(files) {
  return workflowsOf(files).flatMap((file) => {
    const on = triggersOf(file);
    const problems =
      'pull_request_target' in on ? [`${file.path}: runs on pull_request_target`] : [];
    return 'workflow_run' in on ? [...problems, ...unguardedJobs(file)] : problems;
  });
}

/**
 * Nothing is put into a script by text: a branch may be called `$(…)`. Stricter than telling trusted expressions from others:
 * everything comes by the environment, and quoted.
 */
function expressionsInScripts(files) {
  return files.flatMap((file) =>
    stepsOf(file).flatMap(({ step, place }) =>
      [step?.run, step?.with?.script]
        .filter((text) => typeof text === 'string')
        .flatMap((text) => text.match(/\$\{\{.*?\}\}/gs) ?? [])
        .map((expression) => `${place}: ${expression} in a script: give it by env`),
    ),
  );
}

function runners(files) {
  return workflowsOf(files).flatMap((file) =>
    [...file.text.matchAll(/\b(?:ubuntu|macos|windows)-latest\b/g)].map(
      ([label]) => `${file.path}: ${label} changes by itself: name a version`,
    ),
  );
}

function targets(files, { workspace }) {
  return files.flatMap((file) =>
    stepsOf(file).flatMap(({ step, job, place }) =>
      missingTargets({ step, job }, workspace).map((problem) => `${place}: ${problem}`),
    ),
  );
}

function targetArguments(files, { workspace }) {
  return files.flatMap((file) =>
    stepsOf(file).flatMap(({ step, place }) =>
      shellArguments({ step }, workspace).map((problem) => `${place}: ${problem}`),
    ),
  );
}

/** By name; each takes the files, and what is known of the workspace. */
export const rules = {
  'pinned-actions': pinnedActions,
  'local-actions': localActions,
  'pinned-containers': pinnedContainers,
  'top-permissions': topPermissions,
  'job-permissions': jobPermissions,
  'persisted-credentials': persistedCredentials,
  timeouts,
  concurrency,
  triggers,
  'expressions-in-scripts': expressionsInScripts,
  runners,
  targets,
  'target-arguments': targetArguments,
};
