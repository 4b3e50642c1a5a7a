import { objectsOf, type KubeObject } from '../manifest.ts';
import { rolloutOf } from '../scale.ts';
import type { Cluster } from './environments.ts';

const DEPLOYMENT_WAIT = '15m';
/** Two analyses of five minutes, the pauses before them, and the pods. */
const CANARY_WAIT = '45m';

/** Waits until every workload runs what it was last told to. @throws Refusal when one does not in time */
export function waitForRollouts(cluster: Cluster, objects: readonly KubeObject[]): void {
  for (const deployment of objectsOf(objects, 'Deployment')) {
    const rollout = rolloutOf(deployment, objects);
    // Argo's own command is a plug-in; its phase says the same.
    const args =
      rollout === undefined
        ? [
            'rollout',
            'status',
            `deployment/${deployment.metadata.name}`,
            `--timeout=${DEPLOYMENT_WAIT}`,
          ]
        : [
            'wait',
            `rollout/${rollout.metadata.name}`,
            '--for=jsonpath={.status.phase}=Healthy',
            `--timeout=${CANARY_WAIT}`,
          ];
    cluster.kubectl(args, { isShown: true });
  }
}
