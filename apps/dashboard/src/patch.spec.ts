import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { FakeDocument, type FakeNode } from '../test/fake-dom.ts';
import { patchChildren } from './patch.ts';
import { h, type VirtualNode } from './virtual-node.ts';

function freshRoot(): FakeNode {
  return new FakeDocument().createElement('main');
}
const patch = (root: FakeNode, nodes: readonly VirtualNode[]): void => {
  patchChildren(root as unknown as Element, nodes);
};
const rows = (keys: readonly string[], text = ''): VirtualNode[] =>
  keys.map((key) => h('tr', { key }, `${key}${text}`));

describe('patchChildren', () => {
  it('makes text and attributes, never markup', () => {
    const root = freshRoot();
    patch(root, [h('a', { href: '#/', title: '<b>' }, '<script>')]);
    const link = root.children[0]!;
    expect(link.childNodes.map((node) => node.nodeType)).toEqual([3]);
    expect(link.getAttribute('title')).toBe('<b>');
  });

  it('keeps elements and changes only what differs', () => {
    const root = freshRoot();
    patch(root, [h('p', { class: 'a', title: 'x' }, 'one'), h('p', {}, 'two')]);
    const [first, second] = root.children;
    patch(root, [h('p', { class: 'b' }, 'uno'), h('p', {}, 'two')]);
    expect(root.children).toEqual([first, second]);
    expect(String(root)).toBe('<main><p class=b>uno</p><p>two</p></main>');
  });

  it('replaces an element of another tag, and text by an element', () => {
    const root = freshRoot();
    patch(root, ['text', h('p', {}, 'a')]);
    patch(root, [h('p', {}, 'b'), 'text']);
    expect(String(root)).toBe('<main><p>b</p>text</main>');
  });

  it('follows a keyed row when rows are sorted', () => {
    const root = freshRoot();
    patch(root, rows(['a', 'b', 'c']));
    const [a, b, c] = root.children;
    patch(root, rows(['c', 'a', 'b'], '!'));
    expect(root.children).toEqual([c, a, b]);
    expect(String(root)).toBe('<main><tr>c!</tr><tr>a!</tr><tr>b!</tr></main>');
  });

  it('moves nothing when a row ahead goes away or one is added', () => {
    const root = freshRoot();
    patch(root, rows(['a', 'b', 'c']));
    patch(root, rows(['b', 'c', 'd']));
    expect(String(root)).toBe('<main><tr>b</tr><tr>c</tr><tr>d</tr></main>');
    expect(root.ownerDocument.moveCount).toBe(0);
  });

  it('never hands one row’s element to another row', () => {
    const root = freshRoot();
    patch(root, rows(['a']));
    const a = root.children[0];
    patch(root, rows(['b']));
    expect(root.children[0]).not.toBe(a);
  });

  it('reaches the same page from any page before it', () => {
    const lists = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(lists, { minLength: 1, maxLength: 6 }), (pages) => {
        const root = freshRoot();
        for (const keys of pages) {
          const nodes = [...rows(keys), 'tail', h('p', {}, keys.join())];
          patch(root, nodes);
          const direct = freshRoot();
          patch(direct, nodes);
          expect(String(root)).toBe(String(direct));
        }
      }),
      fcParameters(300),
    );
  });
});
