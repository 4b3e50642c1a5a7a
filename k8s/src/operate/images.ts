import { readFileSync, writeFileSync } from 'node:fs';
import { parseDocument, YAMLMap, YAMLSeq } from 'yaml';
import { objectsOf, type KubeObject } from '../manifest.ts';
import { allContainers, workloadsOf } from '../workload.ts';
import { Refusal } from './refusal.ts';
import type { Runner } from './runner.ts';

const digestForm = /^sha256:[0-9a-f]{64}$/;
const tagForm = /^[\w][\w.-]{0,127}$/;

/** Every image of what was rendered, once; that of a database too, which its operator runs. */
export function imagesOf(objects: readonly KubeObject[]): string[] {
  const images = workloadsOf(objects).flatMap(({ template }) =>
    allContainers(template.spec).map(({ image = '' }) => image),
  );
  const databases = objectsOf(objects, 'Cluster').map(
    (cluster) => (cluster['spec'] as { imageName?: string }).imageName ?? '',
  );
  return [...new Set([...images, ...databases])].sort();
}

export function isPinned(image: string): boolean {
  return digestForm.test(image.split('@')[1] ?? '');
}

/** What the registry has under a tag now, asked through docker, which knows the credentials. @throws Refusal */
export function resolveDigest(image: string, runner: Runner): string {
  const digest = runner
    .run('docker', ['buildx', 'imagetools', 'inspect', image, '--format', '{{.Manifest.Digest}}'])
    .trim();
  if (!digestForm.test(digest)) throw new Refusal(`${image}: expected a digest, got ${digest}`);
  return digest;
}

/** @throws Refusal when the text is no tag of an image */
export function requireTag(text: string): void {
  if (!tagForm.test(text)) throw new Refusal(`expected --tag with a tag, got ${text || 'nothing'}`);
}

export interface ImageChange {
  /** As manifests call it: tops-verifier. */
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

/** The overlay's images as they are written: name, and where it comes from. */
export function overlayImages(path: string): { readonly name: string; readonly newName: string }[] {
  const { images } = parseDocument(readFileSync(path, 'utf8')).toJS() as {
    images?: { name: string; newName?: string }[];
  };
  return (images ?? []).map(({ name, newName = name }) => ({ name, newName }));
}

/**
 * Writes tags and digests into an overlay's kustomization, everything else as it was.
 *
 * @throws Refusal when the overlay has no such image, or a digest is none
 */
export function writeImages(path: string, changes: readonly ImageChange[]): void {
  const document = parseDocument(readFileSync(path, 'utf8'));
  const images = document.get('images');
  for (const { name, tag, digest } of changes) {
    if (!digestForm.test(digest)) throw new Refusal(`${name}: expected sha256:…, got ${digest}`);
    const entry =
      images instanceof YAMLSeq &&
      images.items.find((item) => item instanceof YAMLMap && item.get('name') === name);
    if (!(entry instanceof YAMLMap)) throw new Refusal(`${path}: no image ${name}`);
    entry.set('newTag', tag);
    entry.set('digest', digest);
  }
  writeFileSync(
    path,
    document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: true }),
  );
}
