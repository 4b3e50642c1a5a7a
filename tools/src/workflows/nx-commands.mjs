// What a `run:` text asks of Nx and of npm's scripts, held against what this workspace has.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { matrixEntriesOf } from './workflow-files.mjs';

/** Commands of Nx itself that workflows may use; everything else is taken for a target. */
const OWN_COMMANDS = new Set(['release', 'reset', 'show', 'graph']);
const TARGET_OPTION = /^(?:-t|--targets?)(?:=(.*))?$/;
/** Gives its arguments on as they are; nx:run-commands makes a line of shell of them, whatever quotes the workflow has. */
const SAFE_EXECUTOR = './tools/nx:command';
const PROJECT_OPTION = /^(?:-p|--projects)(?:=(.*))?$/;

/**
 * Projects with their targets, and npm's scripts. Read from the files that git knows or could know: nothing here infers targets.
 *
 * @returns `targets`: project → target → its executor; `scripts`: names of package.json
 */
export function readWorkspace(root) {
  const listing = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*project.json'],
    { cwd: root, encoding: 'utf8' },
  );
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const projects = listing.split('\n').filter((path) => /(^|\/)project\.json$/.test(path));
  return {
    targets: new Map(
      projects
        .map(read)
        .map(({ name, targets = {} }) => [
          name,
          new Map(Object.entries(targets).map(([target, { executor }]) => [target, executor])),
        ]),
    ),
    scripts: new Set(Object.keys(read('package.json').scripts ?? {})),
  };
}

/** Single commands of a shell text, each as its words. Quotes are taken off; `$NAME` stays as it is. */
export function commandsOf(run) {
  const lines = run.replace(/\\\n/g, ' ').split(/\n|&&|\|\|?|;|\$\(|\)/);
  return lines
    .map((line) => line.replace(/^\s*#.*$/, ''))
    .map((line) => [...line.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+(?:"[^"]*")?/g)])
    .map((words) => words.map(([word, double, single]) => double ?? single ?? word))
    .filter((words) => words.length > 0);
}

/** What stands behind `nx`, or undefined. */
function nxArguments(words) {
  const at = words.findIndex((word) => /(?:^|\/)nx(?:\.js|@[\w.^~-]+)?$/.test(word));
  if (at === -1 || words.slice(0, at).some((word) => word === 'echo')) return undefined;
  return words.slice(at + 1);
}

function optionValues(args, option) {
  const values = [];
  for (const [index, arg] of args.entries()) {
    if (arg === '--') break;
    const match = option.exec(arg);
    if (!match) continue;
    // `-t lint test` names two, up to the next option.
    const rest = args.slice(index + 1);
    const end = rest.findIndex((word) => word.startsWith('-'));
    const words = match[1] === undefined ? rest.slice(0, end === -1 ? undefined : end) : [match[1]];
    values.push(...words.flatMap((word) => word.split(',')));
  }
  return values;
}

/** Pairs of project and target; a target alone when any project may have it. */
function requestsOf(args) {
  const [command = '', next = ''] = args;
  if (OWN_COMMANDS.has(command)) return [];
  if (command === 'run') {
    const [project = '', target = ''] = next.split(':');
    return [{ project, target }];
  }
  if (command === 'affected' || command === 'run-many') {
    const projects = optionValues(args, PROJECT_OPTION);
    const targets = optionValues(args, TARGET_OPTION);
    if (targets.length === 0) return [{ target: '' }];
    if (projects.length === 0) return targets.map((target) => ({ target }));
    return projects.flatMap((project) => targets.map((target) => ({ project, target })));
  }
  return [{ project: next, target: command }];
}

/** What `$NAME` can be: the environment of step and job, with every entry of the matrix put in. */
function valuesOf(word, { step, job }) {
  const name = /^\$\{?(\w+)\}?$/.exec(word)?.[1];
  if (name === undefined) return [word];
  const value = step?.env?.[name] ?? job?.env?.[name];
  if (value === undefined) return [word];
  const entries = matrixEntriesOf(job) ?? [{}];
  return entries.map((entry) =>
    String(value).replace(/\$\{\{\s*matrix\.([\w-]+)\s*\}\}/g, (_all, key) => String(entry[key])),
  );
}

/** @returns what is asked for and does not exist, as sentences */
export function missingTargets({ step, job }, { targets, scripts }) {
  const problems = [];
  const anyHas = (target) => [...targets.values()].some((known) => known.has(target));
  for (const words of commandsOf(step?.run ?? '')) {
    const [program, command, ...rest] = words;
    const script = rest.find((word) => !word.startsWith('-'));
    if (program === 'npm' && command === 'run' && !scripts.has(script))
      problems.push(`package.json has no script ${script}`);
    const args = nxArguments(words);
    for (const { project: asked, target } of args === undefined ? [] : requestsOf(args)) {
      if (asked === undefined) {
        if (!anyHas(target)) problems.push(`no project has the target ${target || '(none named)'}`);
        continue;
      }
      for (const project of valuesOf(asked, { step, job })) {
        if (!targets.has(project)) problems.push(`Nx has no project ${project || '(none named)'}`);
        else if (!targets.get(project).has(target))
          problems.push(`the project ${project} has no target ${target}`);
      }
    }
  }
  return problems;
}

/** @returns targets that get a variable and would have a shell read it again, as sentences */
export function shellArguments({ step }, { targets }) {
  return commandsOf(step?.run ?? '').flatMap((words) => {
    const args = nxArguments(words) ?? [];
    const variables = args.slice(2).filter((word) => word.includes('$'));
    if (variables.length === 0) return [];
    return requestsOf(args)
      .filter(({ project, target }) => targets.get(project)?.get(target) !== SAFE_EXECUTOR)
      .map(({ project = 'any project', target }) => {
        const what = variables.join(' ');
        return `${project}:${target} gets ${what}, which its shell reads again: give it ${SAFE_EXECUTOR}`;
      });
  });
}
