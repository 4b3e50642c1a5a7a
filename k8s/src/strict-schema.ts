import { models } from './kinds.ts';
import type { KubeObject } from './manifest.ts';

/** What a validator looked at in one object or array. */
interface Footprint {
  readonly value: object;
  readonly read: Set<string>;
  readonly children: Map<string, Footprint>;
}

/**
 * Checks an object against the schema of its kind, and that the schema knows every field of it. The published validators let
 * unknown fields pass, as JSON schemas do; but a compiled validator reads exactly the fields that its schema names, so a field
 * that was never read is one that nobody knows: a misspelled one, most likely.
 *
 * @returns what is wrong, empty when nothing is.
 */
export function strictSchemaProblems(object: KubeObject): string[] {
  const model = models[`${object.apiVersion} ${object.kind}`];
  if (model === undefined) return [`no schema for ${object.apiVersion} ${object.kind}`];
  const root: Footprint = { value: object, read: new Set(), children: new Map() };
  const problems: string[] = [];
  try {
    model.prototype.validate.call(watched(root));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return [...problems, ...unknownFields(root, '')];
}

function watched(footprint: Footprint): object {
  return new Proxy(footprint.value, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof key === 'symbol') return value;
      footprint.read.add(key);
      if (typeof value !== 'object' || value === null) return value;
      let child = footprint.children.get(key);
      if (child === undefined) {
        child = { value, read: new Set(), children: new Map() };
        footprint.children.set(key, child);
      }
      return watched(child);
    },
  });
}

function unknownFields({ value, read, children }: Footprint, path: string): string[] {
  const own = Array.isArray(value) ? [] : Object.keys(value).filter((key) => !read.has(key));
  return [
    ...own.map((key) => `unknown field ${path}/${key}`),
    ...[...children].flatMap(([key, child]) => unknownFields(child, `${path}/${key}`)),
  ];
}
