import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectValue } from '../test/expect-parsed.ts';
import { wire } from '../test/good-messages.ts';
import { JsonNumber, parseJson } from './index.ts';

const codeOf = (source: string | Uint8Array) =>
  expectProblem(parseJson(typeof source === 'string' ? wire(source) : source)).code;

describe('parseJson', () => {
  it('gives objects, arrays, strings and literals, and keeps how a number was written', () => {
    const value = expectValue(
      parseJson(
        wire(' {"a": [1.0, -0, 1e3, 12], "b": {"": null}, "c": [true, false, "\\u20ac€"]}\n'),
      ),
    );
    expect(JSON.parse(JSON.stringify(value))).toEqual({
      a: [{ source: '1.0' }, { source: '-0' }, { source: '1e3' }, { source: '12' }],
      b: { '': null },
      c: [true, false, '€€'],
    });
    expect(expectValue(parseJson(wire('7')))).toBeInstanceOf(JsonNumber);
  });

  it('refuses every duplicate key, equal values and escaped spellings included', () => {
    expect(codeOf('{"a":1,"a":2}')).toBe('json_duplicate_key');
    expect(codeOf('{"a":1,"a":1}')).toBe('json_duplicate_key');
    expect(codeOf('{"a":1,"\\u0061":1}')).toBe('json_duplicate_key');
    expect(codeOf('[{"x":{"a":{},"a":{}}}]')).toBe('json_duplicate_key');
    expect(codeOf('{"__proto__":1,"__proto__":1}')).toBe('json_duplicate_key');
    expect(parseJson(wire('{"a":1,"A":1,"b":{"a":1}}')).ok).toBe(true);
  });

  it('takes __proto__, constructor and toString for ordinary keys', () => {
    const value = expectValue(
      parseJson(wire('{"__proto__":{"polluted":1},"constructor":2,"toString":3}')),
    );
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect('polluted' in (value as object)).toBe(false);
    expect('polluted' in {}).toBe(false);
  });

  it('bounds nesting, at the sixteenth level', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    const nestedObjects = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
    expect(parseJson(wire(nested(16))).ok).toBe(true);
    expect(parseJson(wire(nestedObjects(16))).ok).toBe(true);
    expect(codeOf(nested(17))).toBe('json_too_deep');
    expect(codeOf(nestedObjects(17))).toBe('json_too_deep');
    expect(codeOf('['.repeat(1_000_000))).toBe('json_too_deep');
    expect(codeOf('{"a":'.repeat(200_000))).toBe('json_too_deep');
  });

  it('takes long strings and numbers without running out of stack', () => {
    const text = 'x'.repeat(1_000_000);
    expect(expectValue(parseJson(wire(`"${text}"`)))).toBe(text);
    const digits = '9'.repeat(1_000_000);
    expect(expectValue(parseJson(wire(digits)))).toEqual(new JsonNumber(digits));
  });

  it('bounds members, items, and values and escapes in all', () => {
    const object = (count: number) =>
      `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',')}}`;
    const array = (count: number) => `[${Array(count).fill('0').join(',')}]`;
    const escapes = (count: number) => `"${'\\n'.repeat(count)}"`;
    // Three arrays in one, 4 values besides their items.
    const values = (count: number) => `[${array(8000)},${array(8000)},${array(count - 16_004)}]`;
    for (const [source, bound] of [
      [object, 64],
      [array, 8192],
      [values, 16_384],
    ] as const) {
      expect(parseJson(wire(source(bound))).ok).toBe(true);
      expect(codeOf(source(bound + 1))).toBe('json_too_complex');
    }
    // The string itself is a value.
    expect(expectValue(parseJson(wire(escapes(16_383))))).toBe('\n'.repeat(16_383));
    expect(codeOf(escapes(16_384))).toBe('json_too_complex');
    // Each object and array is counted for itself.
    expect(parseJson(wire(`[${object(64)},${object(64)}]`)).ok).toBe(true);
  });

  it('names the empty body', () => {
    expect(codeOf('')).toBe('body_empty');
    expect(codeOf(' ')).toBe('json_malformed');
  });

  it.each<[string, number[]]>([
    // RFC 3629 §3 and §4: what a decoder must not take.
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a code point above 10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['a sequence cut short', [0x22, 0xe2, 0x82]],
    ['the byte FF', [0xff]],
    ['UTF-16', [0x22, 0x00, 0xff, 0xfe]],
  ])('refuses %s as utf8_malformed', (_name, bytes) => {
    expect(codeOf(Uint8Array.from(bytes))).toBe('utf8_malformed');
  });

  it('refuses a byte order mark', () => {
    expect(codeOf(Uint8Array.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).toBe('json_malformed');
    expect(parseJson(Uint8Array.from([0x7b, 0x7d])).ok).toBe(true);
  });

  it('says what it expected, where, and what it got', () => {
    expect(expectProblem(parseJson(wire('{"a" 1}'))).detail).toBe(
      'expected \':\' at character 5, got "1"',
    );
    expect(expectProblem(parseJson(wire('[1,'))).detail).toBe(
      'expected a JSON value at character 3, got the end',
    );
  });
});
