import { CryptoError, base64ToBytes, isHex } from '@tops/crypto';
import type { ErrorCode } from './error-codes.ts';
import { type Parsed, type Problem, quoteUntrusted } from './problem.ts';
import { JsonNumber } from './strict-json.ts';

interface ObjectForm {
  readonly required: readonly string[];
  /** What happens to a field that is not listed: requests refuse it, answers ignore it so that servers may add fields. */
  readonly unknown: 'refuse' | 'ignore';
}

interface IntegerRange {
  readonly min?: number;
  readonly max?: number;
}

interface TextForm {
  readonly pattern: RegExp;
  /** What the pattern means, in words, for the detail. */
  readonly expected: string;
  readonly code: ErrorCode;
}

/** The first problem of one message; nested readers share it. */
interface FirstProblem {
  problem: Problem | undefined;
}

/**
 * Reads the fields of one JSON object by type, never coercing. After the first problem every further read gives a
 * placeholder, so a parser reads straight down and asks once, at {@link FieldReader.finish}.
 */
export class FieldReader {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #first: FirstProblem;

  private constructor(value: unknown, form: ObjectForm, prefix: string, first: FirstProblem) {
    this.#prefix = prefix;
    this.#first = first;
    if (!isJsonObject(value)) {
      this.#object = {};
      this.#refuseType(prefix.slice(0, -1), 'an object', value);
      return;
    }
    this.#object = value;
    if (form.unknown === 'refuse') {
      const surplus = Object.keys(value).find((name) => !form.required.includes(name));
      if (surplus !== undefined) {
        // The name is the caller's: it goes into the quoted detail, not into `field`.
        const where = prefix === '' ? '' : ` in ${prefix.slice(0, -1)}`;
        const expected = form.required.join(', ');
        this.refuse({
          code: 'field_unknown',
          detail: `expected only ${expected}${where}, got ${quoteUntrusted(surplus)}`,
        });
      }
    }
    const absent = form.required.find((name) => !Object.hasOwn(value, name));
    if (absent !== undefined) {
      const field = prefix + absent;
      this.refuse({ code: 'field_missing', detail: `expected ${field}, got nothing`, field });
    }
  }

  /** @param value - attacker-controlled: what `parseJson` gave, or an object made in this process. */
  static open(value: unknown, form: ObjectForm): FieldReader {
    return new FieldReader(value, form, '', { problem: undefined });
  }

  /** A field that is itself an object; its problems count as this message's. */
  object(name: string, form: ObjectForm): FieldReader {
    return new FieldReader(this.#object[name], form, `${this.#prefix}${name}.`, this.#first);
  }

  /** A plain decimal integer, from 0 to 2^53−1 if the range says nothing else. */
  integer(name: string, range: IntegerRange = {}): number {
    return this.#readInteger(this.#object[name], this.#prefix + name, range);
  }

  /** An array of integers; {@link FieldReader.refuse}s `tooMany` before looking at the items of a longer one. */
  integers(name: string, bound: { maxCount: number; tooMany: ErrorCode }): number[] {
    const value = this.#object[name];
    const field = this.#prefix + name;
    if (!Array.isArray(value)) {
      this.#refuseType(field, 'an array', value);
      return [];
    }
    if (value.length > bound.maxCount) {
      const detail = `expected at most ${bound.maxCount} items in ${field}, got ${value.length}`;
      this.refuse({ code: bound.tooMany, detail, field });
      return [];
    }
    return value.map((item: unknown, index) => this.#readInteger(item, `${field}[${index}]`, {}));
  }

  /** A finite JSON number, fractions included; for figures that are shown and not computed with. */
  decimal(name: string): number {
    const value = this.#object[name];
    const field = this.#prefix + name;
    const number = value instanceof JsonNumber ? Number(value.source) : value;
    if (typeof number !== 'number') return this.#refuseType(field, 'a number', value, 0);
    if (Number.isFinite(number)) return number;
    this.refuse({ code: 'field_type', detail: `expected ${field} finite`, field });
    return 0;
  }

  /** Lower-case hex of exactly `byteLength` bytes, kept as text. */
  hex(name: string, byteLength: number): string {
    const value = this.string(name);
    if (this.#first.problem === undefined && !isHex(value, byteLength)) {
      const field = this.#prefix + name;
      this.refuse({
        code: 'hex_malformed',
        detail: `expected ${field} as ${byteLength * 2} lower-case hex digits, got ${quoteUntrusted(value)}`,
        field,
      });
    }
    return value;
  }

  /** Canonical padded base64, decoded. */
  base64(name: string): Uint8Array {
    const value = this.string(name);
    try {
      return base64ToBytes(value);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      const field = this.#prefix + name;
      this.refuse({
        code: 'base64_malformed',
        detail: `expected ${field} as canonical padded base64, got ${quoteUntrusted(value)}`,
        field,
      });
      return new Uint8Array();
    }
  }

  /** A string that matches a pattern from end to end (the pattern carries its own anchors). */
  text(name: string, form: TextForm): string {
    const value = this.string(name);
    if (this.#first.problem === undefined && !form.pattern.test(value)) {
      const field = this.#prefix + name;
      const detail = `expected ${field} ${form.expected}, got ${quoteUntrusted(value)}`;
      this.refuse({ code: form.code, detail, field });
    }
    return value;
  }

  /** Any string. */
  string(name: string): string {
    const value = this.#object[name];
    if (typeof value === 'string') return value;
    return this.#refuseType(this.#prefix + name, 'a string', value, '');
  }

  /** Whether the field is absent or null; for answers, where both mean "none". */
  isNone(name: string): boolean {
    return this.#object[name] === undefined || this.#object[name] === null;
  }

  /** The items of an array, each read by `read` under the path `name[index]`. */
  list<T>(
    name: string,
    form: ObjectForm & { maxCount: number },
    read: (item: FieldReader) => T,
  ): T[] {
    const value = this.#object[name];
    const field = this.#prefix + name;
    if (!Array.isArray(value) || value.length > form.maxCount) {
      this.#refuseType(field, `an array of at most ${form.maxCount} items`, value);
      return [];
    }
    return value.map((item: unknown, index) =>
      read(new FieldReader(item, form, `${field}[${index}].`, this.#first)),
    );
  }

  /** Records a problem, unless there is one already. */
  refuse(problem: Problem | undefined): void {
    this.#first.problem ??= problem;
  }

  /** Whether every read so far was good; to be asked before a check that needs real values. */
  get isSound(): boolean {
    return this.#first.problem === undefined;
  }

  /** The value `make` builds, or the first problem; `make` runs only when there was none. */
  finish<T>(make: () => T): Parsed<T> {
    const { problem } = this.#first;
    return problem === undefined ? { ok: true, value: make() } : { ok: false, problem };
  }

  #readInteger(
    value: unknown,
    field: string,
    { min, max }: Required<IntegerRange> | IntegerRange,
  ): number {
    const lowest = min ?? 0;
    const highest = max ?? Number.MAX_SAFE_INTEGER;
    if (!(value instanceof JsonNumber) && typeof value !== 'number') {
      return this.#refuseType(field, 'an integer', value, 0);
    }
    const number = integerValue(value);
    if (number !== undefined && number >= lowest && number <= highest) return number;
    this.refuse({
      code: 'integer_malformed',
      detail: `expected ${field} as decimal digits from ${lowest} to ${highest}, got ${describe(value)}`,
      field,
    });
    return 0;
  }

  #refuseType(field: string, expected: string, value: unknown): undefined;
  #refuseType<T>(field: string, expected: string, value: unknown, placeholder: T): T;
  #refuseType<T>(field: string, expected: string, value: unknown, placeholder?: T): T | undefined {
    this.refuse({
      code: 'field_type',
      detail: `expected ${field === '' ? 'the message' : field} as ${expected}, got ${describe(value)}`,
      ...(field === '' ? {} : { field }),
    });
    return placeholder;
  }
}

/** Whether a value is a JSON object; a {@link JsonNumber} and an array are not. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof JsonNumber)
  );
}

/** A JS number is taken for messages made in this process; from the wire every number is a JsonNumber. */
function integerValue(value: JsonNumber | number): number | undefined {
  if (value instanceof JsonNumber && !/^(?:0|[1-9][0-9]{0,15})$/.test(value.source))
    return undefined;
  const number = value instanceof JsonNumber ? Number(value.source) : value;
  return Number.isSafeInteger(number) && number >= 0 && !Object.is(number, -0) ? number : undefined;
}

function describe(value: unknown): string {
  if (value instanceof JsonNumber) return `the number ${quoteUntrusted(value.source)}`;
  if (typeof value === 'string') return `the string ${quoteUntrusted(value)}`;
  if (typeof value === 'number') return `the number ${Object.is(value, -0) ? '-0' : value}`;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object'
    ? 'an object'
    : String(typeof value === 'boolean' ? value : typeof value);
}
