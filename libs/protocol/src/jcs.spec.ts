import { describe, expect, it } from '@jest/globals';
import { JsonNumber, jcs } from './index.ts';

describe('jcs', () => {
  const circular: unknown[] = [];
  circular.push(circular);

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole', [1, , 2]], // eslint-disable-line no-sparse-arrays
    ['a function', { a: () => 1 }],
    ['a symbol', Symbol('a')],
    ['a bigint', 1n],
    ['NaN', [Number.NaN]],
    ['Infinity', { a: Number.POSITIVE_INFINITY }],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(2)],
    ['an object with toJSON', { toJSON: () => 1 }],
    ['an object with a hidden toJSON', Object.defineProperty({}, 'toJSON', { value: () => 1 })],
    ['a number as it was written', new JsonNumber('1')],
    ['a circle', circular],
  ])('refuses %s, which has no I-JSON form', (_name, value) => {
    expect(() => jcs(value)).toThrow(TypeError);
  });

  it('takes plain values, objects without a prototype and repeated references', () => {
    const shared = { b: [] };
    const bare = Object.assign(Object.create(null) as object, { z: shared, a: shared });
    expect(jcs({ toJSON: 1 })).toBe('{"toJSON":1}');
    expect(jcs([null, true, 'x', 0.5, bare])).toBe(
      '[null,true,"x",0.5,{"a":{"b":[]},"z":{"b":[]}}]',
    );
  });
});
