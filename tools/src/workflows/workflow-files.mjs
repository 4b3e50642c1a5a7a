// The workflows and the actions of this repository, parsed.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/**
 * @param root - the repository, or a copy of its `.github`
 * @returns each file with its path from the root, its text, what it parses to, and whether it is an action
 */
export function readWorkflowFiles(root) {
  const workflows = join(root, '.github/workflows');
  const actions = join(root, '.github/actions');
  const names = (directory) => (existsSync(directory) ? readdirSync(directory).sort() : []);
  const paths = [
    ...names(workflows)
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => `.github/workflows/${name}`),
    ...(existsSync(actions) ? readdirSync(actions, { recursive: true }) : [])
      .filter((name) => /(?:^|\/)action\.ya?ml$/.test(name))
      .sort()
      .map((name) => `.github/actions/${name}`),
  ];
  return paths.map((path) => readWorkflowFile(root, path));
}

export function readWorkflowFile(root, path) {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, content: parse(text), isAction: path.startsWith('.github/actions/') };
}

/** Jobs by name; an action's steps count as one job. */
export function jobsOf({ content, isAction }) {
  return Object.entries(isAction ? { runs: content?.runs ?? {} } : (content?.jobs ?? {}));
}

/** Every step with where it is, for messages, and the job it belongs to. */
export function stepsOf(file) {
  return jobsOf(file).flatMap(([name, job]) =>
    (job?.steps ?? []).map((step, index) => ({
      step,
      job,
      place: `${file.path}: ${name}, step ${index + 1}${step?.name ? ` (${step.name})` : ''}`,
    })),
  );
}

/** Triggers with their settings; `on: push` and `on: [push]` mean the same as a map. */
export function triggersOf({ content }) {
  const on = content?.on ?? {};
  if (typeof on === 'string') return { [on]: null };
  if (Array.isArray(on)) return Object.fromEntries(on.map((name) => [name, null]));
  return on;
}

/**
 * The entries of a job's matrix, as GitHub expands them: the product of its lists, then `include`.
 *
 * @returns one empty entry without a matrix, undefined when the matrix is made by another job
 */
export function matrixEntriesOf(job) {
  const matrix = job?.strategy?.matrix;
  if (matrix === undefined) return [{}];
  if (typeof matrix === 'string') return undefined;
  const { include = [], exclude = [], ...lists } = matrix;
  let entries = Object.keys(lists).length === 0 ? [] : [{}];
  for (const [key, values] of Object.entries(lists)) {
    entries = entries.flatMap((entry) => values.map((value) => ({ ...entry, [key]: value })));
  }
  const fits = (pattern, entry) =>
    Object.entries(pattern).every(([key, value]) => entry[key] === value);
  entries = entries.filter((entry) => !exclude.some((pattern) => fits(pattern, entry)));
  for (const extra of include) {
    const shared = Object.fromEntries(Object.entries(extra).filter(([key]) => key in lists));
    const extended = entries.filter(
      (entry) => Object.keys(shared).length > 0 && fits(shared, entry),
    );
    if (extended.length > 0) extended.forEach((entry) => Object.assign(entry, extra));
    else entries.push({ ...extra });
  }
  return entries;
}
