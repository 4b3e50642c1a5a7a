import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { prometheusRule, staleDocuments } from '../src/documents.ts';
import { parseManifests } from '../src/manifest.ts';
import { findRenderer, render } from '../src/renderer.ts';
import { componentNames, renderComponent, renderOverlay } from '../src/renderings.ts';
import { checkRendering, exampleProblems, validateAll } from '../src/validate.ts';
import { workloadsOf } from '../src/workload.ts';

const root = process.cwd();
const fallbackContext = { root, renderer: findRenderer({ only: 'kustomize' }) };
const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tops-k8s-'));
  directories.push(directory);
  return directory;
}

/** A kubectl that says it is of this version, first on the PATH. */
function fakeKubectl(minor: string): NodeJS.ProcessEnv {
  const directory = temporary();
  const version = { clientVersion: { major: '1', minor }, kustomizeVersion: 'v5.4.2' };
  writeFileSync(join(directory, 'kubectl'), `#!/bin/sh\necho '${JSON.stringify(version)}'\n`);
  chmodSync(join(directory, 'kubectl'), 0o755);
  return { PATH: `${directory}:${process.env['PATH']}` };
}

function hasKubectl(): boolean {
  try {
    findRenderer({ only: 'kubectl' });
    return true;
  } catch {
    return false;
  }
}

describe('findRenderer', () => {
  it('says which one it took', () => {
    const { description, command } = findRenderer({ env: fakeKubectl('30') });
    expect(description).toBe('kubectl 1.30 (kustomize v5.4.2)');
    expect(command).toEqual(['kubectl', 'kustomize']);
    // Managed clusters' builds say it like this.
    expect(findRenderer({ env: fakeKubectl('32+') }).description).toContain('kubectl 1.32+');
  });

  it('passes a kubectl that is too old', () => {
    const env = fakeKubectl('29');
    expect(findRenderer({ env }).description).toContain('kustomize v4.5.4');
    expect(() => findRenderer({ env, only: 'kubectl' })).toThrow('kubectl 1.30 or newer');
  });

  it('does without a kubectl', () => {
    const env = { PATH: temporary() };
    expect(findRenderer({ env }).description).toContain('kustomize v4.5.4');
  });
});

describe('render', () => {
  const fallback = fallbackContext;

  it("gives kustomize's own words for a directory that is none", () => {
    expect(() => render(temporary(), fallback.renderer)).toThrow('kustomization.yaml');
  });

  (hasKubectl() ? it : it.skip)(
    'gives the same by kubectl and by the fallback',
    () => {
      const context = { root, renderer: findRenderer({ only: 'kubectl' }) };
      for (const name of ['staging', 'production'] as const) {
        expect(renderOverlay(name, fallback).text).toBe(renderOverlay(name, context).text);
      }
      for (const name of componentNames(root)) {
        expect(renderComponent(name, fallback)).toEqual(renderComponent(name, context));
      }
    },
    180_000,
  );

  it('gives the pods of an app another ConfigMap when one of its settings changes', () => {
    const tree = temporary();
    cpSync('k8s/base', join(tree, 'base'), { recursive: true });
    const before = configMapsOf(render(join(tree, 'base'), fallback.renderer));
    appendFileSync(join(tree, 'base/worker.env'), 'MAX_RETRIES=6\n');
    const after = configMapsOf(render(join(tree, 'base'), fallback.renderer));
    expect(after['tops-worker']).toMatch(/^tops-worker-config-[a-z0-9]{10}$/);
    expect(after['tops-worker']).not.toBe(before['tops-worker']);
    expect(after['tops-verifier']).toBe(before['tops-verifier']);
  });
});

/** The ConfigMap that each Deployment's pods read. */
function configMapsOf(text: string): Record<string, string | undefined> {
  return Object.fromEntries(
    workloadsOf(parseManifests(text)).map(({ object, template }) => [
      object.metadata.name,
      template.spec.containers[0]?.envFrom?.[0]?.configMapRef?.name,
    ]),
  );
}

describe('validateAll', () => {
  it('finds the tree valid, with both overlays and every component in it', async () => {
    const { lines, problems } = await validateAll({ root, renderer: findRenderer() });
    expect(problems).toEqual([]);
    const named = [
      'staging:',
      'production:',
      ...componentNames(root).map((name) => `component ${name}:`),
    ];
    expect(named.filter((name) => !lines.some((line) => line.startsWith(name)))).toEqual([]);
    expect(componentNames(root)).toEqual(
      expect.arrayContaining([
        ...['autoscaling-custom', 'canary', 'gpu-nvidia', 'monitoring', 'network-policies'],
        ...['postgres', 'postgres-external'],
      ]),
    );
  }, 180_000);
});

describe('production without its database', () => {
  it('renders, and is refused', () => {
    const tree = temporary();
    for (const name of ['base', 'components', 'overlays']) {
      cpSync(join('k8s', name), join(tree, name), { recursive: true });
    }
    const path = join(tree, 'overlays/production/kustomization.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/^ +- .*components\/postgres$/m, ''));
    const objects = parseManifests(
      render(join(tree, 'overlays/production'), fallbackContext.renderer),
    );
    const problems = checkRendering({ name: 'production', objects });
    expect(problems).toContain(
      'embedded-ledger: Deployment tops-verifier, container verifier: up to 6 replicas on an embedded ledger; add postgres',
    );
    // And what slips through is refused by the cluster: one pod may have the claim.
    const claim = objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
    expect(claim?.['spec']).toMatchObject({ accessModes: ['ReadWriteOncePod'] });
  });
});

describe('exampleProblems', () => {
  it('sees a key that nobody reads', () => {
    const tree = temporary();
    mkdirSync(join(tree, 'k8s/examples'), { recursive: true });
    const text = readFileSync('k8s/examples/external-secrets.yaml', 'utf8');
    const path = join(tree, 'k8s/examples/a.yaml');
    writeFileSync(path, text);
    expect(exampleProblems(tree)).toEqual({ objectCount: 3, problems: [] });
    writeFileSync(path, text.replace('secretKey: VERIFIER_SK_HEX', 'secretKey: VERIFIER_SK'));
    expect(exampleProblems(tree).problems).toEqual([
      'example: ExternalSecret tops-verifier-secrets: expected the keys VERIFIER_SK_HEX, got VERIFIER_SK',
    ]);
  });
});

describe('staleDocuments', () => {
  it('names the page whose table the policies have left behind', async () => {
    const production = renderOverlay('production', fallbackContext).rendering;
    const staging = renderOverlay('staging', fallbackContext).rendering;
    expect(await staleDocuments(root, [staging, production])).toEqual([]);
    const objects = production.objects.filter(({ metadata }) => metadata.name !== 'default-deny');
    expect(await staleDocuments(root, [staging, { ...production, objects }])).toEqual([
      'docs/kubernetes.md: stale, run `npx nx run k8s:docs` and commit',
    ]);
  });
});

describe('prometheusRule', () => {
  function treeWith(files: Readonly<Record<string, string>>): string {
    const tree = temporary();
    mkdirSync(join(tree, 'monitoring/rules'), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(tree, 'monitoring/rules', name), text);
    }
    return tree;
  }

  it('has no groups where there are no rules', () => {
    expect(prometheusRule(temporary())).toContain('groups: []');
  });

  it('has the groups of every file, and templates as they are', () => {
    const tree = treeWith({
      'b.yaml':
        "groups: [{ name: b, rules: [{ alert: B, expr: up == 0, annotations: { summary: '{{ $value }} \u2192' } }] }]",
      'a.yml': 'groups: [{ name: a, rules: [] }]',
      'README.md': 'no rules',
    });
    const { spec } = parse(prometheusRule(tree)) as { spec: { groups: { name: string }[] } };
    expect(spec.groups.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(prometheusRule(tree)).toContain('{{ $value }} →');
  });

  it.each([
    ['nothing', ''],
    ['a list', '- a'],
    ['groups that are none', 'groups: a'],
  ])('refuses a file that holds %s', (_what, text) => {
    expect(() => prometheusRule(treeWith({ 'a.yaml': text }))).toThrow('expected groups of rules');
  });
});
