// The expressions of GitHub Actions (`${{ … }}` and `if:`), as far as workflows here use them.
//
// What only GitHub knows is not made up: reading it throws NeedsGitHubError, and whoever evaluates says that a step was not run.

/** A value that there is on GitHub alone. */
export class NeedsGitHubError extends Error {}

const TOKEN =
  /\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|(==|!=|<=|>=|&&|\|\||[!()<>,])|([A-Za-z_][\w-]*(?:\.[\w-]+)*))/y;

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`expected an expression, got ${text.slice(at)} in ${text}`);
    const [, string, number, sign, name] = match;
    if (string !== undefined)
      tokens.push({ kind: 'value', value: string.slice(1, -1).replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: 'value', value: Number(number) });
    else if (sign !== undefined) tokens.push({ kind: sign });
    else tokens.push({ kind: 'name', name });
  }
  return tokens;
}

const CONSTANTS = { true: true, false: false, null: null };
const textOf = (value) => (value === null || value === undefined ? '' : String(value));
const foldedText = (value) => textOf(value).toLowerCase();

/** Text compares without case, as GitHub has it; null is like an empty text. */
function isEqual(left, right) {
  if (typeof left === typeof right && typeof left !== 'string') return left === right;
  return foldedText(left) === foldedText(right);
}

const FUNCTIONS = {
  startsWith: (text, start) => foldedText(text).startsWith(foldedText(start)),
  endsWith: (text, end) => foldedText(text).endsWith(foldedText(end)),
  contains: (where, what) =>
    Array.isArray(where)
      ? where.some((one) => isEqual(one, what))
      : foldedText(where).includes(foldedText(what)),
  fromJSON: (text) => {
    if (textOf(text) === '') throw new NeedsGitHubError('an output that is not there');
    return JSON.parse(textOf(text));
  },
  toJSON: (value) => JSON.stringify(value),
};

class Parser {
  #tokens;
  #at = 0;
  #contexts;

  constructor(text, contexts) {
    this.#tokens = tokensOf(text);
    this.#contexts = contexts;
  }

  /** A function that computes: `&&` and `||` must not read what they do not need. */
  parse() {
    const compute = this.#or();
    if (this.#at < this.#tokens.length) throw new Error('expected the end of an expression');
    return compute;
  }

  #take(kind) {
    if (this.#tokens[this.#at]?.kind !== kind) return undefined;
    return this.#tokens[this.#at++];
  }

  #demand(kind) {
    const token = this.#take(kind);
    if (token === undefined) throw new Error(`expected ${kind} in an expression`);
    return token;
  }

  #or() {
    let left = this.#and();
    while (this.#take('||')) {
      const [first, second] = [left, this.#and()];
      left = () => first() || second();
    }
    return left;
  }

  #and() {
    let left = this.#comparison();
    while (this.#take('&&')) {
      const [first, second] = [left, this.#comparison()];
      left = () => first() && second();
    }
    return left;
  }

  #comparison() {
    const left = this.#unary();
    for (const [sign, isWanted] of [
      ['==', true],
      ['!=', false],
    ]) {
      if (!this.#take(sign)) continue;
      const right = this.#unary();
      return () => isEqual(left(), right()) === isWanted;
    }
    return left;
  }

  #unary() {
    if (this.#take('!')) {
      const operand = this.#unary();
      return () => !operand();
    }
    if (this.#take('(')) {
      const inner = this.#or();
      this.#demand(')');
      return inner;
    }
    const value = this.#take('value');
    if (value) return () => value.value;
    const { name } = this.#demand('name');
    if (name in CONSTANTS) return () => CONSTANTS[name];
    return this.#take('(') ? this.#call(name) : () => readPath(name, this.#contexts);
  }

  #call(name) {
    const operands = [];
    while (!this.#take(')')) {
      if (operands.length > 0) this.#demand(',');
      operands.push(this.#or());
    }
    const { functions = {} } = this.#contexts;
    const call = functions[name] ?? FUNCTIONS[name];
    if (call === undefined) throw new NeedsGitHubError(`${name}()`);
    return () => call(...operands.map((operand) => operand()));
  }
}

/** Within a context that is known, what is missing is empty; `undefined` in it marks what only GitHub knows. */
function readPath(path, contexts) {
  const [context, ...keys] = path.split('.');
  let value = contexts[context];
  if (value === undefined) throw new NeedsGitHubError(path);
  for (const key of keys) {
    if (value === null || typeof value !== 'object') return null;
    if (key in value && value[key] === undefined) throw new NeedsGitHubError(path);
    value = value[key] ?? null;
  }
  return value;
}

/**
 * @param contexts - `github`, `matrix`, `env` and so on; `functions` for those that depend on the state of a job
 * @throws NeedsGitHubError for what is not among them
 */
export function evaluate(expression, contexts) {
  return new Parser(expression, contexts).parse()();
}

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
