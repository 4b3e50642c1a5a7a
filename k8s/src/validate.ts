import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { factsOfApps } from './facts.ts';
import { nameOf, parseManifests, type KubeObject, type Rendering } from './manifest.ts';
import { outsideSecrets } from './outside-secrets.ts';
import type { Renderer } from './renderer.ts';
import { componentNames, overlayNames, renderComponent, renderOverlay } from './renderings.ts';
import { rules } from './rules/index.ts';
import { staleDocuments } from './documents.ts';
import { strictSchemaProblems } from './strict-schema.ts';

export interface Report {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

/** Every rule over one rendering; a rule that throws has found a manifest it cannot read. */
export function checkRendering(rendering: Rendering, facts = factsOfApps()): string[] {
  return rules.flatMap((rule) => {
    try {
      return rule.check(rendering, facts).map((problem) => `${rule.name}: ${problem}`);
    } catch (error) {
      return [`${rule.name}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

/** Both overlays, every component on the base, the examples, and the documents made of them. */
export async function validateAll(context: {
  readonly root: string;
  readonly renderer: Renderer;
}): Promise<Report> {
  const facts = factsOfApps();
  const lines: string[] = [`rendered by ${context.renderer.description}`];
  const problems: string[] = [];
  const renderings = [
    ...overlayNames.map((name) => renderOverlay(name, context).rendering),
    ...componentNames(context.root).map((name) => renderComponent(name, context)),
  ];
  for (const rendering of renderings) {
    const found = checkRendering(rendering, facts);
    problems.push(...found.map((problem) => `${rendering.name}: ${problem}`));
    lines.push(`${rendering.name}: ${rendering.objects.length} objects, ${rules.length} rules`);
  }
  const examples = exampleProblems(context.root);
  lines.push(`examples: ${examples.objectCount} objects, their schemas`);
  const stale = await staleDocuments(context.root, renderings);
  problems.push(...examples.problems, ...stale);
  return { lines, problems };
}

export function exampleProblems(root: string): { objectCount: number; problems: string[] } {
  const directory = join(root, 'k8s/examples');
  const objects = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseManifests(readFileSync(join(directory, name), 'utf8')));
  const problems = objects.flatMap((object) =>
    [...strictSchemaProblems(object), ...externalSecretProblems(object)].map(
      (problem) => `example: ${nameOf(object)}: ${problem}`,
    ),
  );
  return { objectCount: objects.length, problems };
}

/** An ExternalSecret brings just the keys that the manifests read. */
function externalSecretProblems(object: KubeObject): string[] {
  if (object.kind !== 'ExternalSecret') return [];
  const { target, data = [] } = object['spec'] as {
    target?: { name?: string };
    data?: readonly { readonly secretKey: string }[];
  };
  const wanted = outsideSecrets[target?.name ?? '']?.keys ?? [];
  const brought = data.map(({ secretKey }) => secretKey);
  return [...wanted].sort().join() === brought.sort().join()
    ? []
    : [
        `expected the keys ${wanted.join(', ') || '(of a Secret that is read)'}, got ${brought.join(', ')}`,
      ];
}
