/**
 * The little of the DOM that patch.ts uses, for Node: enough to see which nodes are kept, moved, made and removed. It
 * counts moves, because a moved element loses focus in a browser.
 */
export class FakeNode {
  readonly nodeType: number;
  readonly localName: string;
  readonly ownerDocument: FakeDocument;
  nodeValue: string;
  parent: FakeNode | undefined;
  readonly childNodes: FakeNode[] = [];
  readonly #attributes = new Map<string, string>();

  constructor(document: FakeDocument, kind: { tag: string } | { text: string }) {
    this.ownerDocument = document;
    this.nodeType = 'tag' in kind ? 1 : 3;
    this.localName = 'tag' in kind ? kind.tag : '';
    this.nodeValue = 'text' in kind ? kind.text : '';
  }

  get children(): FakeNode[] {
    return this.childNodes.filter((child) => child.nodeType === 1);
  }

  get firstChild(): FakeNode | null {
    return this.childNodes[0] ?? null;
  }

  get nextSibling(): FakeNode | null {
    const siblings = this.parent?.childNodes ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }

  insertBefore(node: FakeNode, before: FakeNode | null): void {
    if (node.parent !== undefined) {
      this.ownerDocument.moveCount += 1;
      node.remove();
    }
    const at = before === null ? this.childNodes.length : this.childNodes.indexOf(before);
    this.childNodes.splice(at, 0, node);
    node.parent = this;
  }

  remove(): void {
    const siblings = this.parent?.childNodes;
    siblings?.splice(siblings.indexOf(this), 1);
    this.parent = undefined;
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  getAttributeNames(): string[] {
    return [...this.#attributes.keys()];
  }

  setAttribute(name: string, value: string): void {
    this.#attributes.set(name, value);
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  /** As markup without escaping; for reading in an assertion. */
  toString(): string {
    if (this.nodeType === 3) return this.nodeValue;
    const attributes = [...this.#attributes].map(([name, value]) => ` ${name}=${value}`).join('');
    return `<${this.localName}${attributes}>${this.childNodes.join('')}</${this.localName}>`;
  }
}

export class FakeDocument {
  moveCount = 0;

  createElement(tag: string): FakeNode {
    return new FakeNode(this, { tag });
  }

  createTextNode(text: string): FakeNode {
    return new FakeNode(this, { text });
  }
}
