/** A JSON text as a tree of source text, so that tests can write numbers, keys and duplicates as they please. */
export type JsonTree =
  string | JsonTree[] | { readonly entries: readonly (readonly [string, JsonTree])[] };

export function treeOf(value: unknown): JsonTree {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return { entries: Object.entries(value).map(([key, member]) => [key, treeOf(member)] as const) };
}

export function textOf(tree: JsonTree): string {
  if (typeof tree === 'string') return tree;
  if (Array.isArray(tree)) return `[${tree.map(textOf).join(',')}]`;
  return `{${tree.entries.map(([key, member]) => `${JSON.stringify(key)}:${textOf(member)}`).join(',')}}`;
}

type Entry = readonly [string, JsonTree];

/** Applies `edit` to the entries of the object at `path` (names of objects on the way down). */
export function editObject(
  tree: JsonTree,
  path: readonly string[],
  edit: (entries: readonly Entry[]) => readonly Entry[],
): JsonTree {
  if (typeof tree === 'string' || Array.isArray(tree)) throw new Error('expected an object');
  const [name, ...rest] = path;
  if (name === undefined) return { entries: edit(tree.entries) };
  return {
    entries: tree.entries.map(([key, member]) =>
      key === name ? ([key, editObject(member, rest, edit)] as const) : ([key, member] as const),
    ),
  };
}

/** The tree with the source text of one field replaced. */
export function setField(tree: JsonTree, path: readonly string[], source: JsonTree): JsonTree {
  const name = path.at(-1);
  return editObject(tree, path.slice(0, -1), (entries) =>
    entries.map(([key, member]) => [key, key === name ? source : member] as const),
  );
}
