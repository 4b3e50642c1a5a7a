// The expressions of GitHub Actions (`${{ … }}` and `if:`), evaluated by GitHub's own library.
//
// What only GitHub knows is not made up: reading it throws NeedsGitHubError, and whoever evaluates says that a step was not run.
import { Evaluator, Lexer, Parser, data, wellKnownFunctions } from '@actions/expressions';

/** A value that there is on GitHub alone. */
export class NeedsGitHubError extends Error {}

/** https://docs.github.com/en/actions/reference/workflows-and-actions/contexts */
const CONTEXTS = [
  ...['github', 'env', 'vars', 'job', 'jobs', 'steps', 'runner', 'secrets', 'strategy'],
  ...['matrix', 'needs', 'inputs'],
];
/** What asks for the state of a job, which the caller knows; and what asks for the runner's files. */
const STATE_FUNCTIONS = ['always', 'cancelled', 'success', 'failure'];
const FILES_MAX = 255;

/** A context or a part of one: what is missing is empty, `undefined` in it marks what only GitHub knows. */
class Known extends data.Dictionary {
  #path;
  #unknown;

  constructor(path, value) {
    const entries = Object.entries(value);
    super(
      ...entries.flatMap(([key, part]) =>
        part === undefined ? [] : [{ key, value: dataOf(part, `${path}${key}.`) }],
      ),
    );
    this.#path = path;
    this.#unknown = entries.flatMap(([key, part]) => (part === undefined ? [key] : []));
  }

  get(key) {
    if (this.#unknown.some((name) => name.toLowerCase() === key.toLowerCase()))
      throw new NeedsGitHubError(`${this.#path}${key}`);
    return super.get(key);
  }
}

function dataOf(value, path) {
  if (Array.isArray(value)) return new data.Array(...value.map((part) => dataOf(part, path)));
  if (value !== null && typeof value === 'object') return new Known(path, value);
  return data.reviver('', value);
}

function functionsOf(contexts) {
  const known = (name) => {
    const call = contexts.functions?.[name];
    if (call === undefined) throw new NeedsGitHubError(`${name}()`);
    return dataOf(call(), '');
  };
  const { fromjson } = wellKnownFunctions;
  const fromJson = (text) => {
    if (text.coerceString() === '') throw new NeedsGitHubError('an output that is not there');
    return fromjson.call(text);
  };
  const functions = [
    ...STATE_FUNCTIONS.map((name) => ({
      ...{ name, minArgs: 0, maxArgs: 0 },
      call: () => known(name),
    })),
    { name: 'hashFiles', minArgs: 1, maxArgs: FILES_MAX, call: () => known('hashFiles') },
    { ...fromjson, call: fromJson },
  ];
  return new Map(functions.map((definition) => [definition.name.toLowerCase(), definition]));
}

/**
 * @param contexts - `github`, `matrix`, `env` and so on; `functions` for those that depend on the state of a job
 * @throws NeedsGitHubError for what is not among them
 */
export function evaluate(expression, { functions, ...contexts }) {
  const all = functionsOf({ functions });
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, CONTEXTS, [...all.values()]).parse();
  const missing = Object.fromEntries(CONTEXTS.map((name) => [name, undefined]));
  const result = new Evaluator(tree, new Known('', { ...missing, ...contexts }), all).evaluate();
  return JSON.parse(JSON.stringify(result, data.replacer));
}

const textOf = (value) => (value === null ? '' : String(value));

/** A text with every `${{ … }}` evaluated; a text that is one expression keeps its value's type. */
export function fill(text, contexts) {
  if (typeof text !== 'string') return text;
  const whole = /^\$\{\{((?:(?!\}\}).)*)\}\}$/s.exec(text.trim());
  if (whole) return evaluate(whole[1], contexts);
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_all, expression) =>
    textOf(evaluate(expression, contexts)),
  );
}

/** `if:` of a job or step. Without it, and without a function that asks for the state, what came before must have succeeded. */
export function isWanted(condition, contexts) {
  if (condition === undefined) return contexts.functions.success();
  const text = String(condition).replace(/^\s*\$\{\{(.*)\}\}\s*$/s, '$1');
  const asksForState = /\b(?:always|success|failure|cancelled)\(\)/.test(text);
  if (!asksForState && !contexts.functions.success()) return false;
  return Boolean(evaluate(text, contexts));
}
