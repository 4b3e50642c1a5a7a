import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { models } from '../src/kinds.ts';
import { nameOf, parseManifests, type KubeObject } from '../src/manifest.ts';
import { strictSchemaProblems } from '../src/strict-schema.ts';
import { renderingOf, type Loose } from './rendered.ts';

const examples = parseManifests(readFileSync('k8s/examples/external-secrets.yaml', 'utf8'));
const objects: readonly KubeObject[] = [
  ...['staging', 'production', 'autoscaling-custom', 'postgres-external'].flatMap(
    (name) => renderingOf(name).objects,
  ),
  ...examples,
];

/** Maps whose keys are anybody's; every other object has fields that its schema names. */
const maps =
  /(\/(labels|annotations|matchLabels|data|requests|limits|selector|parameters)|\/podSelector\/matchLabels)$/;

/** Paths of every object within one. */
function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.entries(value).flatMap(([key, child]) => pathsOf(child, `${path}/${key}`));
  return Array.isArray(value) ? below : [path, ...below];
}

function at(object: KubeObject, path: string): Loose {
  return path
    .split('/')
    .slice(1)
    .reduce((value: Loose, key) => value[key], object);
}

describe('strictSchemaProblems', () => {
  it.each(objects.map((object) => [nameOf(object), object] as const))(
    'takes %s, and no unknown field anywhere in it',
    (_name, object) => {
      expect(strictSchemaProblems(object)).toEqual([]);
      const isMap = (path: string) =>
        maps.test(path) &&
        Object.values(at(object, path)).every((value) => typeof value !== 'object');
      for (const path of pathsOf(object).filter((each) => !isMap(each))) {
        const changed = structuredClone(object);
        at(changed, path).unknownOption = 'x';
        expect({ path, problems: strictSchemaProblems(changed) }).toEqual({
          path,
          // One of a kind may say besides that it takes no second.
          problems: expect.arrayContaining([`unknown field ${path}/unknownOption`]),
        });
      }
    },
  );

  it('knows every kind that is rendered, by its version', () => {
    const kinds = objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
    expect(kinds.filter((kind) => models[kind] === undefined)).toEqual([]);
    const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
    const old = { ...deployment, apiVersion: 'extensions/v1beta1' } as KubeObject;
    expect(strictSchemaProblems(old)).toEqual(['no schema for extensions/v1beta1 Deployment']);
  });

  it.each([
    ['a missing required field', (spec: Loose) => delete spec.selector, /selector/],
    ['a wrong type', (spec: Loose) => (spec.replicas = '3'), /replicas/],
    [
      'a wrong type deep inside',
      (spec: Loose) => (spec.template.spec.containers = {}),
      /containers/,
    ],
  ])('refuses %s', (_what, change, expected) => {
    const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
    const changed = structuredClone(deployment) as KubeObject;
    change(changed['spec']);
    expect(strictSchemaProblems(changed).join()).toMatch(expected);
  });

  it('changes nothing of what it looks at', () => {
    const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
    const before = JSON.stringify(deployment);
    strictSchemaProblems(deployment as KubeObject);
    expect(JSON.stringify(deployment)).toBe(before);
  });
});
