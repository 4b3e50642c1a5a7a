import { hasLoneSurrogate } from './jcs.ts';
import { type Parsed, type Problem, quoteUntrusted } from './problem.ts';

// Why not a library: JSON.parse keeps the last of two equal keys and loses how a number was written; lossless-json 4.3.3
// takes a duplicate key whose value is deeply equal, lone surrogates, and any depth until the stack ends. A message that
// two readers can read differently must not be signed or credited, so the grammar of RFC 8259 stands here in full.

/** A number as it was written, so that 1.0, 1e3 and -0 can be told from 1, 1000 and 0. */
export class JsonNumber {
  /** Attacker-controlled; matches the number grammar of RFC 8259 §6. */
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

const maxDepth = 16;

class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/**
 * One RFC 8259 value, strictly: UTF-8 without a byte order mark, no duplicate key, no lone surrogate, nothing after it, at
 * most 16 levels of nesting.
 *
 * Objects come back without a prototype (`__proto__` is a key like any other), numbers as {@link JsonNumber}. Never throws.
 *
 * @param bytes - attacker-controlled; the caller bounds the length.
 * @returns the value, or `body_empty`, `utf8_malformed`, `json_malformed`, `json_too_deep`, `json_duplicate_key`.
 */
export function parseJson(bytes: Uint8Array): Parsed<unknown> {
  if (bytes.length === 0) {
    return { ok: false, problem: { code: 'body_empty', detail: 'expected JSON, got 0 bytes' } };
  }
  let text: string;
  try {
    // ignoreBOM keeps the mark in the text, where the grammar refuses it.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const detail = `expected UTF-8, got ${bytes.length} bytes that are not`;
    return { ok: false, problem: { code: 'utf8_malformed', detail } };
  }
  try {
    return { ok: true, value: new Reader(text).document() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, problem: error.problem };
    throw error;
  }
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const literals = { t: ['true', true], f: ['false', false], n: ['null', null] } as const;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    this.#skipSpace();
    const value = this.#value(1);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#expected('end of text');
    return value;
  }

  #value(depth: number): unknown {
    const next = this.#text[this.#at];
    if (next === '{' || next === '[') {
      if (depth > maxDepth) {
        const detail = `expected at most ${maxDepth} levels of nesting, got more`;
        throw new Refusal({ code: 'json_too_deep', detail });
      }
      return next === '{' ? this.#object(depth) : this.#array(depth);
    }
    if (next === '"') return this.#string();
    if (next === 't' || next === 'f' || next === 'n') {
      const [word, value] = literals[next];
      if (!this.#text.startsWith(word, this.#at)) throw this.#expected(word);
      this.#at += word.length;
      return value;
    }
    const source = this.#match(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y);
    if (source === '') throw this.#expected('a JSON value');
    return new JsonNumber(source);
  }

  #object(depth: number): Record<string, unknown> {
    const object = Object.create(null) as Record<string, unknown>;
    this.#list('}', () => {
      if (this.#text[this.#at] !== '"') throw this.#expected('a quoted key');
      const key = this.#string();
      if (key in object) {
        const detail = `expected each key once, got ${quoteUntrusted(key)} again`;
        throw new Refusal({ code: 'json_duplicate_key', detail });
      }
      this.#skipSpace();
      this.#take(':');
      this.#skipSpace();
      object[key] = this.#value(depth + 1);
    });
    return object;
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = [];
    this.#list(']', () => array.push(this.#value(depth + 1)));
    return array;
  }

  /** The opening bracket, members between commas, the closing bracket. */
  #list(close: string, member: () => void): void {
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      member();
      this.#skipSpace();
      if (this.#text[this.#at] === close) break;
      this.#take(',');
      this.#skipSpace();
    }
    this.#at++;
  }

  #string(): string {
    this.#at++;
    let value = '';
    for (;;) {
      // RFC 8259 §7: control characters must be escaped.
      // eslint-disable-next-line no-control-regex
      value += this.#match(/[^"\\\u0000-\u001f]*/y);
      if (this.#text[this.#at] === '"') break;
      if (this.#text[this.#at] !== '\\') throw this.#expected('a string character or its end');
      value += this.#escape();
    }
    this.#at++;
    if (hasLoneSurrogate(value)) throw this.#expected('both halves of each surrogate pair before');
    return value;
  }

  #escape(): string {
    const hex = this.#match(/\\u[0-9a-fA-F]{4}/y);
    if (hex !== '') return String.fromCharCode(Number.parseInt(hex.slice(2), 16));
    const plain = this.#match(/\\["\\/bfnrt]/y);
    if (plain === '') throw this.#expected('a known escape');
    return escapes[plain.slice(1)] ?? '';
  }

  #match(sticky: RegExp): string {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #skipSpace(): void {
    this.#match(/[ \t\n\r]*/y);
  }

  #take(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#expected(`'${character}'`);
    this.#at++;
  }

  #expected(what: string): Refusal {
    const next = this.#text[this.#at];
    const got = next === undefined ? 'the end' : quoteUntrusted(next);
    return new Refusal({
      code: 'json_malformed',
      detail: `expected ${what} at character ${this.#at}, got ${got}`,
    });
  }
}
