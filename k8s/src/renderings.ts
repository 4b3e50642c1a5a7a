import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifests, type Rendering } from './manifest.ts';
import { render, type Renderer } from './renderer.ts';

export const overlayNames = ['staging', 'production'] as const;
export type OverlayName = (typeof overlayNames)[number];

/** What a component is tried with: alone on the base, or with those it says that it needs. */
const componentNeeds: Readonly<Record<string, readonly string[]>> = {
  canary: ['postgres', 'monitoring'],
  'replicated-verifier': ['postgres'],
};

/** Every component of the tree, so that none is forgotten. */
export function componentNames(root: string): string[] {
  return readdirSync(join(root, 'k8s/components'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export function renderOverlay(
  name: OverlayName,
  context: { readonly root: string; readonly renderer: Renderer },
): { readonly rendering: Rendering; readonly text: string } {
  const text = render(join(context.root, 'k8s/overlays', name), context.renderer);
  return { text, rendering: { name, objects: parseManifests(text) } };
}

/** The base with one component, and those it needs. */
export function renderComponent(
  name: string,
  context: { readonly root: string; readonly renderer: Renderer },
): Rendering {
  const needs = componentNeeds[name] ?? [];
  // One that another component includes is not given twice.
  const components = name === 'replicated-verifier' ? needs : [...needs, name];
  const directory = join(context.root, 'dist/k8s/components', `${name}-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  try {
    writeFileSync(join(directory, 'kustomization.yaml'), kustomizationOf(components));
    const text = render(directory, context.renderer);
    return { name: `component ${name}`, objects: parseManifests(text) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function kustomizationOf(components: readonly string[]): string {
  return [
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    'namespace: tops-worker',
    'resources: [../../../../k8s/base]',
    `components: [${components.map((name) => `../../../../k8s/components/${name}`).join(', ')}]`,
    '',
  ].join('\n');
}
