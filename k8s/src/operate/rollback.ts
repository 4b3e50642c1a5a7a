import { objectsOf, type Rendering } from '../manifest.ts';
import { Cluster, type Environment } from './environments.ts';
import { Refusal } from './refusal.ts';
import { waitForRollouts } from './rollouts.ts';
import type { Revisions } from './revisions.ts';
import type { Runner } from './runner.ts';

export interface RollbackOptions {
  readonly environment: Environment;
  /** `worker` or `verifier`; both when absent. */
  readonly app?: string | undefined;
  /** As `kubectl rollout history` numbers them; the one before when absent. */
  readonly revision?: string | undefined;
  /** To these, instead of to the one before: who still runs what was noted is left alone. */
  readonly noted?: Revisions | undefined;
}

export interface RollbackDeps {
  readonly runner: Runner;
  readonly env: NodeJS.ProcessEnv;
  readonly rendering: Rendering;
}

/**
 * Puts the pods of an earlier revision back, the settings they ran with too: their ConfigMaps keep their names. A verifier
 * under a Rollout follows its Deployment; Argo skips the steps on the way to a revision it still runs.
 *
 * @throws Refusal when the context is another, the app unknown, there is no such revision, or nothing ran when it was noted
 */
export async function rollback(options: RollbackOptions, deps: RollbackDeps): Promise<void> {
  const { environment, app, revision, noted } = options;
  if (noted !== undefined && (app ?? revision) !== undefined) {
    throw new Refusal('expected --noted without --app and --to-revision');
  }
  if (revision !== undefined && !/^[1-9]\d*$/.test(revision)) {
    throw new Refusal(`expected --to-revision with a number, got ${revision}`);
  }
  const { objects } = deps.rendering;
  const names = objectsOf(objects, 'Deployment')
    .map(({ metadata }) => metadata.name)
    .filter((name) => app === undefined || name === `tops-${app}`)
    .filter((name) => noted === undefined || name in noted);
  if (noted !== undefined && names.length === 0) throw new Refusal('nothing ran before');
  if (names.length === 0) throw new Refusal(`expected --app worker or verifier, got ${app ?? ''}`);
  if (revision !== undefined && names.length > 1) {
    throw new Refusal('expected --app beside --to-revision: each app counts its own revisions');
  }
  const cluster = Cluster.open(environment, deps);
  const undo = (name: string, ...more: readonly string[]): void => {
    const wanted = noted?.[name] ?? revision;
    const to = wanted === undefined ? [] : [`--to-revision=${wanted}`];
    cluster.kubectl(['rollout', 'undo', `deployment/${name}`, ...to, ...more], { isShown: true });
  };
  // One that has nothing to go back to must not be found with the other one back. kubectl skips who runs that revision already.
  for (const name of names) undo(name, '--dry-run=server');
  for (const name of names) undo(name);
  const undone = objects.filter(
    ({ kind, metadata }) => kind !== 'Deployment' || names.includes(metadata.name),
  );
  await waitForRollouts(cluster, undone);
}
