import { appOf, environmentOf } from '../environment.ts';
import { findObject, objectsOf } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { scaleOf } from '../scale.ts';
import { allContainers, containerName, workloadsOf } from '../workload.ts';
import { hasDefaultDeny } from '../reachability/policies.ts';

/** A version, which a digest may follow: k8s:deploy wants it, and people read the version. Or a commit, by its digest. */
const pinned =
  /^[^@\s]+:(?:v\d+\.\d+\.\d+(?:[-+.][\w.-]+)?(?:@sha256:[0-9a-f]{64})?|sha-[0-9a-f]{40}@sha256:[0-9a-f]{64})$/;

export const imagesRule: Rule = {
  name: 'images',
  reason: 'production runs a version or a commit, not what a tag happens to name',
  check: ({ name, objects }) =>
    name !== 'production'
      ? []
      : workloadsOf(objects).flatMap((workload) =>
          allContainers(workload.template.spec)
            .filter(({ image = '' }) => !pinned.test(image))
            .map(
              (container) =>
                `${containerName(workload, container)}: the image ${container.image} is neither a version nor a commit with its digest`,
            ),
        ),
};

interface OverlayPlan {
  readonly namespace: string;
  readonly replicas: number;
  /** Settings of the worker, of the verifier. */
  readonly worker: Readonly<Record<string, string>>;
  readonly verifier: Readonly<Record<string, string>>;
  /** Its name, and how its tag begins as long as there is no digest: a deployment brings one, under whatever tag. */
  readonly workerImage: { readonly name: string; readonly tag: string };
  readonly has: readonly { readonly kind: string; readonly name: string }[];
}

const plans: Readonly<Record<string, OverlayPlan>> = {
  staging: {
    namespace: 'tops-worker-staging',
    replicas: 1,
    worker: { CPU_FALLBACK: '1', LOG_LEVEL: 'debug' },
    verifier: { LOG_LEVEL: 'debug' },
    workerImage: { name: 'tops-worker-cpu', tag: 'latest' },
    has: [],
  },
  production: {
    namespace: 'tops-worker',
    replicas: 3,
    worker: {
      CPU_FALLBACK: '0',
      ALLOW_SOFTWARE_GPU: '0',
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
    },
    verifier: { NODE_ENV: 'production', LOG_LEVEL: 'info' },
    workerImage: { name: 'tops-worker-gpu', tag: 'v' },
    has: [
      { kind: 'Cluster', name: 'tops-ledger' },
      { kind: 'PrometheusRule', name: 'tops-worker' },
      { kind: 'ServiceMonitor', name: 'tops-verifier' },
      { kind: 'Rollout', name: 'tops-verifier' },
    ],
  },
};

function isPlanned(image = '', { name, tag }: OverlayPlan['workerImage']): boolean {
  const [, found, foundTag = '', digest] =
    /\/([^/:@]+)(?::([^@]+))?(@sha256:.+)?$/.exec(image) ?? [];
  return found === name && (digest !== undefined || foundTag.startsWith(tag));
}

export const overlayPlanRule: Rule = {
  name: 'overlay-plan',
  reason: 'an overlay is what it was meant to be: sizes, mode, parts',
  check: ({ name, objects }) => {
    const plan = plans[name];
    if (plan === undefined) return [];
    const [namespace] = objectsOf(objects, 'Namespace');
    return [
      ...(namespace?.metadata.name === plan.namespace
        ? []
        : [`expected the namespace ${plan.namespace}`]),
      ...plan.has
        .filter((wanted) => findObject(objects, wanted) === undefined)
        .map((wanted) => `no ${wanted.kind} ${wanted.name}`),
      ...workloadsOf(objects).flatMap((workload) =>
        workload.template.spec.containers.flatMap((container) => {
          const app = appOf(container)?.name;
          if (app === undefined) return [];
          const where = containerName(workload, container);
          const { min } = scaleOf(workload.object, objects);
          const env = environmentOf(container, objects);
          return [
            ...(min === plan.replicas
              ? []
              : [`${where}: expected ${plan.replicas} replicas, got ${min}`]),
            ...Object.entries(plan[app])
              .filter(([variable, value]) => env[variable] !== value)
              .map(
                ([variable, value]) =>
                  `${where}: expected ${variable}=${value}, got ${env[variable]}`,
              ),
            ...(app === 'verifier' || isPlanned(container.image, plan.workerImage)
              ? []
              : [
                  `${where}: expected the image ${plan.workerImage.name}:${plan.workerImage.tag}…, got ${container.image}`,
                ]),
          ];
        }),
      ),
    ];
  },
};

export const defaultDenyRule: Rule = {
  name: 'default-deny',
  reason: 'a pod that no policy selects talks to everybody',
  check: ({ name, objects }) =>
    name !== 'production' || hasDefaultDeny(objects) ? [] : ['no policy denies what none allows'],
};
