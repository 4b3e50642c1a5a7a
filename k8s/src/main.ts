import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDocuments } from './documents.ts';
import { deploy } from './operate/deploy.ts';
import { diffRendered } from './operate/diff.ts';
import { environmentNamed } from './operate/environments.ts';
import { Refusal } from './operate/refusal.ts';
import { currentRevisions, parseRevisions } from './operate/revisions.ts';
import { rollback } from './operate/rollback.ts';
import { systemRunner } from './operate/runner.ts';
import { makeSecrets } from './operate/secrets.ts';
import { setImages } from './operate/set-images.ts';
import { verifyDeployment } from './operate/verify.ts';
import { findRenderer } from './renderer.ts';
import { overlayNames, renderOverlay } from './renderings.ts';
import { checkRendering, validateAll } from './validate.ts';

export interface MainDeps {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

interface Command {
  readonly options: NonNullable<Parameters<typeof parseArgs>[0]>['options'];
  readonly run: (options: Options, deps: MainDeps) => Promise<void> | void;
}

const env = { type: 'string' } as const;
const SECONDS_MAX = 3600;

const commands: Readonly<Record<string, Command>> = {
  render: { options: {}, run: (_options, deps) => renderAll(deps) },
  validate: { options: {}, run: (_options, deps) => validate(deps) },
  docs: {
    options: {},
    run: async (_options, { root, print }) => {
      const renderer = findRenderer();
      const all = overlayNames.map((name) => renderOverlay(name, { root, renderer }).rendering);
      for (const path of await writeDocuments(root, all)) print(`wrote ${path}`);
    },
  },
  diff: {
    options: { base: { type: 'string', default: 'main' } },
    run: ({ base }, deps) => {
      const text = diffRendered(
        { base: String(base), root: deps.root },
        { runner: systemRunner({ ...deps, cwd: deps.root }), renderer: findRenderer() },
      );
      deps.print(text === '' ? 'nothing changes' : text.trimEnd());
    },
  },
  'set-images': {
    options: {
      env,
      tag: { type: 'string' },
      digest: { type: 'string', multiple: true, default: [] },
    },
    run: ({ env: name, tag, digest }, { root, env: variables, print }) => {
      const environment = environmentNamed(name as string | undefined);
      const lines = setImages(
        { environment, root, tag: String(tag ?? ''), digests: digest as string[] },
        systemRunner({ cwd: root, env: variables }),
      );
      for (const line of lines) print(line);
    },
  },
  secrets: {
    options: { env, apply: { type: 'boolean' }, 'database-url-file': { type: 'string' } },
    run: ({ env: name, apply = false, 'database-url-file': file }, deps) => {
      const databaseUrl =
        file === undefined ? undefined : readFileSync(String(file), 'utf8').trim();
      const { environment, ...context } = open(name, deps);
      makeSecrets({ environment, isApplied: apply === true, databaseUrl }, context);
    },
  },
  deploy: {
    options: { env, 'dry-run': { type: 'boolean' } },
    run: ({ env: name, 'dry-run': isDryRun = false }, deps) => {
      const { environment, ...context } = open(name, deps);
      const problems = checkRendering(context.rendering);
      return deploy({ environment, isDryRun: isDryRun === true }, { ...context, problems });
    },
  },
  verify: {
    options: { env, 'receipt-seconds': { type: 'string', default: '180' } },
    run: ({ env: name, 'receipt-seconds': seconds }, deps) => {
      const { environment, ...context } = open(name, deps);
      const receiptMsMax = requireSeconds('--receipt-seconds', seconds) * 1000;
      return verifyDeployment({ environment, receiptMsMax }, context);
    },
  },
  revisions: {
    options: { env, out: { type: 'string' } },
    run: ({ env: name, out }, deps) => {
      const { environment, ...context } = open(name, deps);
      const text = JSON.stringify(currentRevisions(environment, context));
      deps.print(text);
      if (out !== undefined) writeFileSync(resolve(deps.root, String(out)), `${text}\n`);
    },
  },
  rollback: {
    options: {
      env,
      app: { type: 'string' },
      'to-revision': { type: 'string' },
      noted: { type: 'string' },
    },
    run: ({ env: name, app, 'to-revision': revision, noted: file }, deps) => {
      const { environment, ...context } = open(name, deps);
      const text = (value: Options[string]) => (value === undefined ? undefined : String(value));
      const noted =
        file === undefined
          ? undefined
          : parseRevisions(readFileSync(resolve(deps.root, String(file)), 'utf8'));
      return rollback({ environment, app: text(app), revision: text(revision), noted }, context);
    },
  },
};

/** A wait that is no number would have no end. @throws Refusal */
function requireSeconds(name: string, value: Options[string]): number {
  const seconds = Number(value);
  if (seconds > 0 && seconds <= SECONDS_MAX) return seconds;
  throw new Refusal(`expected ${name} from 1 to ${SECONDS_MAX}, got ${String(value)}`);
}

/** What every command about an environment works with. */
function open(name: Options[string], deps: MainDeps) {
  const environment = environmentNamed(name as string | undefined);
  const rendered = renderOverlay(environment.name, { root: deps.root, renderer: findRenderer() });
  const runner = systemRunner({ cwd: deps.root, env: deps.env });
  return { ...deps, environment, runner, rendered, rendering: rendered.rendering };
}

function renderAll({ root, print }: MainDeps): void {
  const renderer = findRenderer();
  print(`rendered by ${renderer.description}`);
  mkdirSync(join(root, 'dist/k8s'), { recursive: true });
  for (const name of overlayNames) {
    const path = `dist/k8s/${name}.yaml`;
    const { text, rendering } = renderOverlay(name, { root, renderer });
    writeFileSync(join(root, path), text);
    print(`${path}: ${rendering.objects.length} objects`);
  }
}

async function validate({ root, print }: MainDeps): Promise<void> {
  const { lines, problems } = await validateAll({ root, renderer: findRenderer() });
  for (const line of lines) print(line);
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${problems.length} problems`);
  print('valid');
}

/** @returns the exit code: 0 done, 1 refused or found wanting, 2 used wrongly */
export async function main(
  [name = '', ...args]: readonly string[],
  deps: MainDeps,
): Promise<number> {
  const command = commands[name];
  if (command === undefined) {
    deps.complain(`expected one of ${Object.keys(commands).join(', ')}, got ${name || 'nothing'}`);
    return 2;
  }
  let options: Options;
  try {
    options = parseArgs({ args: [...args], options: command.options ?? {} }).values as Options;
  } catch (error) {
    deps.complain(`${name}: ${messageOf(error)}`);
    return 2;
  }
  try {
    await command.run(options, deps);
    return 0;
  } catch (error) {
    deps.complain(messageOf(error));
    return 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
