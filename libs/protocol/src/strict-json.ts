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
/** Members of one object: a worker, the widest message, has eleven. */
const maxMembers = 64;
/**
 * Items of one array: twice the rows any challenge may name (rows.ts), so that a list a little too long is still told by the
 * code of its own rule. A page of workers has at most 1000 items.
 */
const maxItems = 8192;
/**
 * Values and string escapes of the whole text: each costs far more time than the bytes it is written in. A page of 1000
 * workers has 12 000 values; no message of the protocol needs an escape.
 */
const maxSteps = 16_384;

class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/**
 * One RFC 8259 value, strictly: UTF-8 without a byte order mark, no duplicate key, no lone surrogate, nothing after it, at
 * most 16 levels of nesting, 64 members an object, 8192 items an array, 16 384 values and string escapes in all: what a
 * hostile text costs is bounded by more than its length.
 *
 * Objects come back without a prototype (`__proto__` is a key like any other), numbers as {@link JsonNumber}. Never throws.
 *
 * @param bytes - attacker-controlled; the caller bounds the length.
 * @returns the value, or `body_empty`, `utf8_malformed`, `json_malformed`, `json_too_deep`,
 *   `json_too_complex`, `json_duplicate_key`.
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

function tooComplex(maxCount: number, what: string): Refusal {
  const detail = `expected at most ${maxCount} ${what}, got more`;
  return new Refusal({ code: 'json_too_complex', detail });
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
  #steps = 0;

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
    this.#step();
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
    this.#list({ close: '}', maxCount: maxMembers, members: 'members in an object' }, () => {
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
    this.#list({ close: ']', maxCount: maxItems, members: 'items in an array' }, () => {
      array.push(this.#value(depth + 1));
    });
    return array;
  }

  /** The opening bracket, members between commas, the closing bracket. */
  #list(
    form: { readonly close: string; readonly maxCount: number; readonly members: string },
    member: () => void,
  ): void {
    const { close, maxCount, members } = form;
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (let count = 1; ; count++) {
      if (count > maxCount) throw tooComplex(maxCount, members);
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
    this.#step();
    const hex = this.#match(/\\u[0-9a-fA-F]{4}/y);
    if (hex !== '') return String.fromCharCode(Number.parseInt(hex.slice(2), 16));
    const plain = this.#match(/\\["\\/bfnrt]/y);
    if (plain === '') throw this.#expected('a known escape');
    return escapes[plain.slice(1)] ?? '';
  }

  #step(): void {
    if (++this.#steps > maxSteps) throw tooComplex(maxSteps, 'values and escapes');
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
