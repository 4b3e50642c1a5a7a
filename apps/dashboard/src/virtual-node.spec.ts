import { describe, expect, it } from '@jest/globals';
import { h, textOf } from './virtual-node.ts';

describe('h', () => {
  it('keeps text as text, markup or not', () => {
    const node = h('p', { title: '"><script>' }, '<img src=x onerror=alert(1)>', [['deep'], false]);
    expect(node).toEqual({
      tag: 'p',
      attributes: { title: '"><script>' },
      children: ['<img src=x onerror=alert(1)>', 'deep'],
      key: undefined,
    });
    expect(textOf(node)).toContain('<img');
  });

  it('drops false and undefined attributes and empties true ones', () => {
    expect(h('a', { download: true, title: undefined, disabled: false }).attributes).toEqual({
      download: '',
    });
  });

  it.each(['onclick', 'onError', 'style', 'src', 'srcdoc', 'xlink:href', 'action', 'formaction'])(
    'refuses the attribute %s',
    (name) => {
      expect(() => h('a', { [name]: 'x' })).toThrow('attribute not allowed');
    },
  );

  it.each([
    'javascript:alert(1)',
    'JAVASCRIPT:x',
    '//evil.example/',
    'https://evil.example',
    'data:,',
    '/other',
    ' #/x',
    '',
  ])('refuses the link %j', (href) => {
    expect(() => h('a', { href })).toThrow('href leaves the page');
  });

  it.each(['#/', '#/workers/x', '/v1/epochs/1/credits.csv', '/openapi.json'])(
    'takes the link %j',
    (href) => {
      expect(h('a', { href }).attributes).toEqual({ href });
    },
  );
});
