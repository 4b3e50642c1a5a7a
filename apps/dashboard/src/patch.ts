import type { VirtualElement, VirtualNode } from './virtual-node.ts';

const keyOf = new WeakMap<Element, string>();

/**
 * Makes the children of `parent` those of the list, changing as little as it can: focus, selection, scroll positions and
 * typed text survive a poll.
 */
export function patchChildren(parent: Element, nodes: readonly VirtualNode[]): void {
  const keyed = new Map<string, Element>();
  const wanted = new Set(nodes.map((node) => (typeof node === 'string' ? undefined : node.key)));
  for (const child of [...parent.children]) {
    const key = keyOf.get(child);
    if (key === undefined) continue;
    // Gone first, so that the ones that stay need not move: a moved element loses focus.
    if (wanted.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let cursor = parent.firstChild;
  for (const node of nodes) {
    const reusable = findReusable(node, cursor, keyed);
    const current = reusable ?? create(parent.ownerDocument, node);
    if (current === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(current, cursor);
    if (reusable !== undefined) update(reusable, node);
  }
  while (cursor !== null) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

function findReusable(
  node: VirtualNode,
  cursor: ChildNode | null,
  keyed: ReadonlyMap<string, Element>,
): ChildNode | undefined {
  if (typeof node === 'string') return cursor?.nodeType === 3 ? cursor : undefined;
  const candidate = node.key === undefined ? cursor : keyed.get(node.key);
  if (candidate === undefined || candidate === null || candidate.nodeType !== 1) return undefined;
  const element = candidate as Element;
  const fits = element.localName === node.tag && keyOf.get(element) === node.key;
  return fits ? element : undefined;
}

function create(document: Document, node: VirtualNode): ChildNode {
  if (typeof node === 'string') return document.createTextNode(node);
  const element = document.createElement(node.tag);
  if (node.key !== undefined) keyOf.set(element, node.key);
  updateElement(element, node);
  return element;
}

function update(existing: ChildNode, node: VirtualNode): void {
  if (typeof node !== 'string') updateElement(existing as Element, node);
  else if (existing.nodeValue !== node) existing.nodeValue = node;
}

function updateElement(element: Element, node: VirtualElement): void {
  for (const name of element.getAttributeNames()) {
    if (!(name in node.attributes)) element.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(node.attributes)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  patchChildren(element, node.children);
}
