// Which jobs of a workflow are run here, in which order, and once for which entry of their matrices.
import process from 'node:process';
import { matrixEntriesOf } from '../workflows/workflow-files.mjs';
import { fill } from './expressions.mjs';
import { platformOf, thisPlatform } from './machine.mjs';

const needsOf = (job) => [job.needs ?? []].flat();

/** Names of jobs, each after those it needs. @throws Error when they wait for each other */
export function jobOrder(jobs) {
  const order = [];
  const visit = (name, path) => {
    if (order.includes(name)) return;
    if (path.includes(name))
      throw new Error(`jobs wait for each other: ${[...path, name].join(' → ')}`);
    if (jobs[name] === undefined) throw new Error(`expected a job ${name}, got none`);
    for (const needed of needsOf(jobs[name])) visit(needed, [...path, name]);
    order.push(name);
  };
  for (const name of Object.keys(jobs)) visit(name, []);
  return order;
}

/** What GitHub would know of a push to the main branch that is checked out here. `undefined` is what only it knows. */
export function githubContext({ event, refName = 'main' }) {
  const isTag = event === 'tag';
  const isPullRequest = event === 'pull_request';
  return {
    event_name: isTag ? 'push' : event,
    ref: isPullRequest ? 'refs/pull/1/merge' : `refs/${isTag ? 'tags' : 'heads'}/${refName}`,
    ref_name: refName,
    ref_type: isTag ? 'tag' : 'branch',
    base_ref: isPullRequest ? 'main' : '',
    event: isPullRequest ? { pull_request: { base: { sha: 'main' } } } : {},
    repository: undefined,
    repository_owner: undefined,
    token: undefined,
    actor: undefined,
    sha: undefined,
  };
}

const labelOf = (entry) =>
  Object.entries(entry)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

/**
 * The entries of a job's matrix, each with the reason why it is not run here, if there is one: another platform, or another release
 * of Node.js than the one there is.
 */
export function entriesHere(job, contexts) {
  let entries = matrixEntriesOf(job);
  if (entries === undefined) entries = matrixEntriesOf({ strategy: fillMatrix(job, contexts) });
  const seen = new Set();
  return entries.map((entry) => {
    const label = String(fill(job['runs-on'], { ...contexts, matrix: entry }));
    const place = { entry, label: labelOf(entry) };
    if (platformOf(label) !== thisPlatform) return { ...place, reason: `needs ${label}` };
    const { node, ...rest } = entry;
    const key = JSON.stringify(rest);
    const isAgain = node !== undefined && seen.has(key);
    seen.add(key);
    const here = `here it is ${process.version}`;
    if (isAgain) return { ...place, reason: `the same with Node ${node}; ${here}` };
    const isAnother = node !== undefined && !`${process.versions.node}.`.startsWith(`${node}.`);
    return isAnother ? { ...place, label: `${place.label}; ${here}` } : place;
  });
}

const fillMatrix = (job, contexts) => ({ matrix: fill(job.strategy.matrix, contexts) });
