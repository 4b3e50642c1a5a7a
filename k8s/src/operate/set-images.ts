import { join } from 'node:path';
import type { Environment } from './environments.ts';
import {
  overlayImages,
  requireTag,
  resolveDigest,
  writeImages,
  type ImageChange,
} from './images.ts';
import { Refusal } from './refusal.ts';
import type { Runner } from './runner.ts';

export interface SetImagesOptions {
  readonly environment: Environment;
  readonly tag: string;
  /** `tops-verifier=sha256:…`; what is not given is asked of the registry. */
  readonly digests: readonly string[];
  readonly root: string;
}

/** Pins every image of an overlay to what a tag is now. @returns a line for each. @throws Refusal */
export function setImages(options: SetImagesOptions, runner: Runner): string[] {
  const { environment, tag, digests, root } = options;
  requireTag(tag);
  const path = join(root, 'k8s/overlays', environment.name, 'kustomization.yaml');
  const given = new Map(digests.map(parseDigest));
  const images = overlayImages(path);
  const unknown = [...given.keys()].filter((name) => !images.some((image) => image.name === name));
  if (unknown.length > 0)
    throw new Refusal(`${environment.name} has no image ${unknown.join(', ')}`);
  const changes = images.map(({ name, newName }): ImageChange => {
    const digest = given.get(name) ?? resolveDigest(`${newName}:${tag}`, runner);
    return { name, tag, digest };
  });
  writeImages(path, changes);
  return changes.map(({ name, digest }) => `${name}: ${tag}@${digest}`);
}

function parseDigest(text: string): [string, string] {
  const [name = '', digest = ''] = text.split('=');
  if (name === '' || digest === '') throw new Refusal(`expected IMAGE=sha256:…, got ${text}`);
  return [name, digest];
}
