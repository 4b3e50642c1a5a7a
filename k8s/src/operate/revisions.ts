import { objectsOf, type Rendering } from '../manifest.ts';
import { Cluster, type Environment } from './environments.ts';
import { Refusal } from './refusal.ts';
import type { Runner } from './runner.ts';

/** Deployment → what it runs, as `kubectl rollout history` numbers it. Who is not in the cluster yet is not in it. */
export type Revisions = Readonly<Record<string, string>>;

const ANNOTATION = '{.metadata.annotations.deployment\\.kubernetes\\.io/revision}';
const revisionForm = /^[1-9]\d*$/;

/** What the Deployments of an overlay run now, for a way back to just that. @throws Refusal when the context is another */
export function currentRevisions(
  environment: Environment,
  deps: { runner: Runner; env: NodeJS.ProcessEnv; rendering: Rendering },
): Revisions {
  const cluster = Cluster.open(environment, deps);
  const entries = objectsOf(deps.rendering.objects, 'Deployment').flatMap(({ metadata }) => {
    const { name } = metadata;
    const found = cluster
      .kubectl([
        'get',
        `deployment/${name}`,
        '--ignore-not-found',
        `--output=jsonpath=${ANNOTATION}`,
      ])
      .trim();
    return found === '' ? [] : [[name, found] as const];
  });
  return parseRevisions(JSON.stringify(Object.fromEntries(entries)));
}

/** @throws Refusal when a text is none of `k8s:revisions` */
export function parseRevisions(text: string): Revisions {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Refusal('expected revisions by Deployment, got something else');
  }
  for (const [name, revision] of Object.entries(parsed)) {
    if (typeof revision !== 'string' || !revisionForm.test(revision)) {
      throw new Refusal(`${name}: expected a revision, got ${String(revision)}`);
    }
  }
  return parsed as Revisions;
}
