import { describe, expect, it } from '@jest/globals';
import { appOf, environmentOf } from '../src/environment.ts';
import { main } from '../src/main.ts';
import { parseManifests, selects, type KubeObject } from '../src/manifest.ts';
import { quantityOf } from '../src/quantity.ts';
import { scaleOf } from '../src/scale.ts';
import { renderingOf } from './rendered.ts';

describe('quantityOf', () => {
  it.each([
    ['1500m', 1.5],
    ['2', 2],
    [4, 4],
    ['64Mi', 67_108_864],
    ['1.5Gi', 1_610_612_736],
    ['10k', 10_000],
  ])('%p is %p', (text, value) => {
    expect(quantityOf(text)).toBe(value);
  });

  it.each(['', 'm', '1 Gi', '1Pib', '-1', '1e3', 'NaN'])('refuses %p', (text) => {
    expect(() => quantityOf(text)).toThrow('expected a quantity');
  });
});

describe('appOf', () => {
  it.each([
    ['tops-verifier', 'verifier'],
    ['ghcr.io/a/tops-worker-gpu:v1.0.0', 'worker'],
    ['localhost:5000/tops-worker-cpu', 'worker'],
    [`r.example:443/x/tops-verifier:v1@sha256:${'0'.repeat(64)}`, 'verifier'],
    [`tops-verifier@sha256:${'0'.repeat(64)}`, 'verifier'],
    ['tops-verifier-old:v1', undefined],
    ['tops-verifier/evil', undefined],
    ['', undefined],
  ])('%s runs %s', (image, name) => {
    expect(appOf({ name: 'x', image })?.name).toBe(name);
  });
});

describe('environmentOf', () => {
  const map = (name: string, data: Record<string, string>): KubeObject => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
  });
  const objects = [map('a', { A: '1', B: '1' }), map('b', { B: '2', C: '2' })];

  it('takes later sources over earlier ones, and env over both', () => {
    const env = environmentOf(
      {
        name: 'x',
        envFrom: [
          { configMapRef: { name: 'a' } },
          { prefix: 'X_', configMapRef: { name: 'b' } },
          { configMapRef: { name: 'b' } },
        ],
        env: [
          { name: 'C', value: '3' },
          { name: 'D', valueFrom: { configMapKeyRef: { name: 'a', key: 'A' } } },
          { name: 'E', valueFrom: { configMapKeyRef: { name: 'a', key: 'none' } } },
        ],
      },
      objects,
    );
    expect(env).toEqual({ A: '1', B: '2', C: '3', D: '1', X_B: '2', X_C: '2' });
  });
});

describe('scaleOf', () => {
  it.each([
    ['production', 'tops-verifier', { min: 3, max: 6 }],
    ['production', 'tops-worker', { min: 3, max: 3 }],
    ['staging', 'tops-verifier', { min: 1, max: 1 }],
    ['staging', 'tops-worker', { min: 1, max: 1 }],
    ['autoscaling-custom', 'tops-worker', { min: 1, max: 4 }],
    ['postgres', 'tops-verifier', { min: 2, max: 6 }],
  ])('in %s, %s', (name, workload, scale) => {
    const { objects } = renderingOf(name);
    const found = objects.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === workload,
    );
    expect(scaleOf(found as KubeObject, objects)).toEqual(scale);
  });
});

describe('selects', () => {
  it.each([
    [undefined, false],
    [{}, true],
    [{ matchLabels: { a: '1' } }, true],
    [{ matchLabels: { a: '1', b: '2' } }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['2', '1'] }] }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, false],
    [{ matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['1'] }] }, true],
    [{ matchExpressions: [{ key: 'b', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'b', operator: 'DoesNotExist' }] }, true],
  ])('%p of a=1: %p', (selector, expected) => {
    expect(selects(selector, { a: '1' })).toBe(expected);
  });

  it('refuses an operator that there is not', () => {
    const matchExpressions = [{ key: 'a', operator: 'Like' }];
    expect(() => selects({ matchExpressions }, {})).toThrow('got Like');
  });
});

describe('parseManifests', () => {
  it.each(['a: [', 'kind: Pod', '--- 1', '- a'])('refuses %p', (text) => {
    expect(() => parseManifests(text)).toThrow('document 0');
  });
});

describe('main', () => {
  const run = async (...args: string[]) => {
    const [printed, complained]: [string[], string[]] = [[], []];
    const code = await main(args, {
      root: process.cwd(),
      env: { PATH: '' },
      print: (line) => printed.push(line),
      complain: (line) => complained.push(line),
    });
    return { code, printed, complained: complained.join('\n') };
  };

  it.each([
    [[], 2, 'got nothing'],
    [['destroy'], 2, 'got destroy'],
    [['deploy', '--force'], 2, "Unknown option '--force'"],
    [['validate', 'staging'], 2, 'staging'],
    [['deploy'], 1, 'expected --env staging or production, got nothing'],
    [['rollback', '--env', 'prod'], 1, 'got prod'],
    [['set-images', '--env', 'staging'], 1, 'expected --tag with a tag, got nothing'],
    [['verify', '--env', 'staging', '--receipt-seconds', 'soon'], 1, 'from 1 to 3600, got soon'],
    [['verify', '--env', 'staging', '--receipt-seconds', 'Infinity'], 1, 'got Infinity'],
  ])('%p exits with %p', async (args, code, message) => {
    const result = await run(...args);
    expect(result.code).toBe(code);
    expect(result.complained).toContain(message);
  });
});
