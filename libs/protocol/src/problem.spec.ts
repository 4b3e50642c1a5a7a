import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fcParameters } from '@tops/testing';
import { quoteUntrusted } from './index.ts';

describe('quoteUntrusted', () => {
  it('quotes, escapes and cuts', () => {
    expect(quoteUntrusted('a"b')).toBe('"a\\"b"');
    expect(quoteUntrusted('\u001b[31m\u007f\u009b€\u202e')).toBe(
      '"\\u001b[31m\\u007f\\u009b\\u20ac\\u202e"',
    );
    expect(quoteUntrusted('x'.repeat(64))).toBe(`"${'x'.repeat(64)}"`);
    expect(quoteUntrusted('x'.repeat(65))).toBe(`"${'x'.repeat(64)}"... (65 characters)`);
  });

  it('is printable ASCII of bounded length for any text, halves of surrogate pairs included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(quoteUntrusted(text)).toMatch(/^[\x20-\x7e]{2,420}$/);
      }),
      fcParameters(300),
    );
  });
});
