import type { KubeObject, Rendering } from '../src/manifest.ts';
import { findRenderer } from '../src/renderer.ts';
import { renderComponent, renderOverlay } from '../src/renderings.ts';

const context = { root: process.cwd(), renderer: findRenderer() };
const rendered = new Map<string, Rendering>();

/** An overlay, or else a component on the base; rendered once a spec file. */
export function renderingOf(name: string): Rendering {
  const known = rendered.get(name);
  if (known !== undefined) return known;
  const fresh =
    name === 'staging' || name === 'production'
      ? renderOverlay(name, context).rendering
      : renderComponent(name, context);
  rendered.set(name, fresh);
  return fresh;
}

/** Any part of a manifest, to be broken. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;

/** A copy of a rendering in which `change` has had its way with `Kind name`. */
export function broken(
  name: string,
  target: string,
  change: (object: Loose, objects: Loose[]) => void,
): Rendering {
  const objects = structuredClone(renderingOf(name).objects) as KubeObject[];
  const [kind, objectName] = target.split(' ');
  const object = objects.find(
    (each) => each.kind === kind && each.metadata.name.startsWith(objectName ?? ''),
  );
  if (object === undefined) throw new Error(`${name} has no ${target}`);
  change(object, objects);
  return { name: renderingOf(name).name, objects };
}

export function containerOf(workload: Loose): Loose {
  return workload.spec.template.spec.containers[0];
}

export function remove(objects: Loose[], kind: string, name: string): void {
  const index = objects.findIndex((each) => each.kind === kind && each.metadata.name === name);
  if (index === -1) throw new Error(`no ${kind} ${name}`);
  objects.splice(index, 1);
}
