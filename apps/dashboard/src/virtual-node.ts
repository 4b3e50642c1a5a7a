/**
 * A page as plain data. Views build these, so they run in a test without a browser, and text can never turn into markup:
 * the only ways out are `createTextNode` and `setAttribute` with a checked name and value.
 */
export interface VirtualElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly VirtualNode[];
  /** Keeps an element with its own data when siblings are added, removed or sorted. */
  readonly key: string | undefined;
}
export type VirtualNode = VirtualElement | string;

export type Child = VirtualNode | readonly Child[] | undefined | false;
export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined;
  readonly key?: string;
}

const ALLOWED_NAME =
  /^(?:class|id|href|type|title|lang|scope|value|max|min|placeholder|name|for|role|tabindex|datetime|colspan|autocomplete|spellcheck|disabled|download|rel|aria-[a-z]+|data-[a-z]+)$/;
/** Inside the page, or the verifier's own API: neither another host nor a script. */
const ALLOWED_HREF = /^(?:#\/|\/v1\/|\/openapi\.json$|\/metrics$)/;

/**
 * An element. `false` and `undefined` drop an attribute, `true` sets it empty.
 *
 * @throws TypeError for an attribute that could run or load something
 */
export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): VirtualElement {
  const { key, ...rest } = attributes;
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined || value === false) continue;
    const text = value === true ? '' : String(value);
    if (!ALLOWED_NAME.test(name)) throw new TypeError(`attribute not allowed: ${name}`);
    if (name === 'href' && !ALLOWED_HREF.test(text)) throw new TypeError('href leaves the page');
    checked[name] = text;
  }
  return { tag, attributes: checked, children: flatten(children), key };
}

function flatten(children: readonly Child[]): VirtualNode[] {
  const flat: VirtualNode[] = [];
  for (const child of children) {
    if (child === undefined || child === false) continue;
    if (isList(child)) flat.push(...flatten(child));
    else flat.push(child);
  }
  return flat;
}

function isList(child: VirtualNode | readonly Child[]): child is readonly Child[] {
  return Array.isArray(child);
}

/** All text of a tree, for tests and for labels. */
export function textOf(node: VirtualNode): string {
  return typeof node === 'string' ? node : node.children.map(textOf).join(' ');
}
