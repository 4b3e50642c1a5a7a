import { objectsOf, type KubeObject } from '../manifest.ts';
import { rolloutOf } from '../scale.ts';
import type { Cluster } from './environments.ts';
import { Refusal } from './refusal.ts';

const DEPLOYMENT_MINUTES = 15;
/** Two analyses of five minutes, the pauses before them, and the pods. */
const CANARY_MINUTES = 45;
const OBSERVED_MS_MAX = 120_000;
const POLL_MS = 500;
const CANARY_POLL_MS = 1000;

/** Waits until every workload runs what it was last told to. @throws Refusal when one does not in time */
export async function waitForRollouts(
  cluster: Cluster,
  objects: readonly KubeObject[],
): Promise<void> {
  for (const deployment of objectsOf(objects, 'Deployment')) {
    const { name } = deployment.metadata;
    const rollout = rolloutOf(deployment, objects)?.metadata.name;
    if (rollout === undefined) {
      cluster.kubectl(
        ['rollout', 'status', `deployment/${name}`, `--timeout=${DEPLOYMENT_MINUTES}m`],
        { isShown: true, msMax: (DEPLOYMENT_MINUTES + 1) * 60_000 },
      );
    } else {
      await waitForCanary(cluster, { deployment: name, rollout });
    }
  }
}

/**
 * Argo's own command is a plug-in; its phase says the same, but that of the last rollout until the controller has seen the
 * Deployment as it is now.
 */
async function waitForCanary(
  cluster: Cluster,
  { deployment, rollout }: { readonly deployment: string; readonly rollout: string },
): Promise<void> {
  const read = (object: string, path: string): string =>
    cluster.kubectl(['get', object, `--output=jsonpath=${path}`]).trim();
  const deadline = performance.now() + OBSERVED_MS_MAX;
  for (;;) {
    const wanted = read(`deployment/${deployment}`, '{.metadata.generation}');
    const seen = read(`rollout/${rollout}`, '{.status.workloadObservedGeneration}');
    if (seen === wanted) break;
    if (performance.now() > deadline) {
      throw new Refusal(
        `expected Argo Rollouts to see generation ${wanted} of ${deployment}, got ${seen || 'none'}: is its controller running?`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await waitForHealth(rollout, () =>
    read(`rollout/${rollout}`, '{.status.phase} {.status.message}'),
  );
}

/** Ends with the canary, and not with the wait, when the analysis is against it. A pause is for a person to decide. */
async function waitForHealth(rollout: string, readPhase: () => string): Promise<void> {
  const deadline = performance.now() + CANARY_MINUTES * 60_000;
  let degradedCount = 0;
  for (;;) {
    const [phase = '', ...message] = readPhase().split(' ');
    if (phase === 'Healthy') return;
    degradedCount = phase === 'Degraded' ? degradedCount + 1 : 0;
    const found = `${phase || 'no phase'}${message.length > 0 ? `: ${message.join(' ')}` : ''}`;
    // Seen twice: once it may still be that of what ran before.
    if (degradedCount > 1) throw new Refusal(`the rollout ${rollout} is ${found}`);
    if (performance.now() > deadline) {
      throw new Refusal(
        `expected the rollout ${rollout} to be healthy within ${CANARY_MINUTES} min, got ${found}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, CANARY_POLL_MS));
  }
}
