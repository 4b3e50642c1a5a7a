import { objectsOf, type KubeObject } from '../manifest.ts';
import { rolloutOf } from '../scale.ts';
import type { Cluster } from './environments.ts';
import { Refusal } from './refusal.ts';

const DEPLOYMENT_WAIT = '15m';
/** Two analyses of five minutes, the pauses before them, and the pods. */
const CANARY_WAIT = '45m';
const OBSERVED_MS_MAX = 120_000;
const POLL_MS = 500;

/** Waits until every workload runs what it was last told to. @throws Refusal when one does not in time */
export async function waitForRollouts(
  cluster: Cluster,
  objects: readonly KubeObject[],
): Promise<void> {
  for (const deployment of objectsOf(objects, 'Deployment')) {
    const { name } = deployment.metadata;
    const rollout = rolloutOf(deployment, objects)?.metadata.name;
    if (rollout === undefined) {
      const args = ['rollout', 'status', `deployment/${name}`, `--timeout=${DEPLOYMENT_WAIT}`];
      cluster.kubectl(args, { isShown: true });
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
  cluster.kubectl(
    [
      ...['wait', `rollout/${rollout}`, '--for=jsonpath={.status.phase}=Healthy'],
      `--timeout=${CANARY_WAIT}`,
    ],
    { isShown: true },
  );
}
