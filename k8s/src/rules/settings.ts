import { parseEnv } from '@tops/config';
import { appOf, environmentOf, numberSetting, platformVariables } from '../environment.ts';
import type { KubeObject } from '../manifest.ts';
import { quantityOf } from '../quantity.ts';
import type { Rule } from '../rule.ts';
import { scaleOf } from '../scale.ts';
import {
  allContainers,
  containerName,
  volumeAt,
  workloadsOf,
  type Container,
  type Volume,
  type Workload,
} from '../workload.ts';

export const environmentRule: Rule = {
  name: 'environment',
  reason:
    'an app refuses to start over a setting that it does not know, or lacks one that it needs',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) =>
      allContainers(workload.template.spec).flatMap((container) =>
        settingProblems(container, objects).map(
          (problem) => `${containerName(workload, container)}: ${problem}`,
        ),
      ),
    ),
};

function settingProblems(container: Container, objects: readonly KubeObject[]): string[] {
  const app = appOf(container);
  if (app === undefined) return [`no app is known by the image ${container.image ?? '(none)'}`];
  const env = environmentOf(container, objects);
  // Those whose value did not resolve are settings too.
  const names = new Set([...Object.keys(env), ...(container.env ?? []).map(({ name }) => name)]);
  const result = parseEnv(app.schema, env, { prefixes: app.prefixes });
  return [
    ...[...names]
      .filter((name) => !(name in app.schema.fields) && !platformVariables.has(name))
      .map((name) => `${name} is no variable of the ${app.name}`),
    ...app.required.filter((name) => !names.has(name)).map((name) => `${name} is not set`),
    ...(result.ok
      ? []
      : result.errors
          .filter(({ variable }) => variable in app.schema.fields)
          .map(({ variable, expected, got }) => `${variable}: expected ${expected}, got ${got}`)),
  ];
}

export const drainRule: Rule = {
  name: 'drain',
  reason: 'a pod that is killed in its drain loses answers in flight',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) => {
      const { containers, terminationGracePeriodSeconds: graceSeconds = 30 } =
        workload.template.spec;
      return containers.flatMap((container) => {
        const { preStop } = container.lifecycle ?? {};
        const where = containerName(workload, container);
        const sleepSeconds = preStop?.sleep?.seconds ?? 0;
        const drainSeconds = numberSetting(container, 'SHUTDOWN_DEADLINE_MS', objects) / 1000;
        const needed = sleepSeconds + drainSeconds + DRAIN_MARGIN_SECONDS;
        return [
          ...(preStop?.exec
            ? [`${where}: preStop runs a program, and the image has no shell`]
            : []),
          ...(appOf(container)?.name === 'verifier' && sleepSeconds < ENDPOINT_SECONDS
            ? [`${where}: expected preStop to sleep ${ENDPOINT_SECONDS} s, got ${sleepSeconds}`]
            : []),
          ...(needed <= graceSeconds
            ? []
            : [
                `${where}: preStop and drain need ${needed} s, the grace period is ${graceSeconds}`,
              ]),
          ...(needed >= graceSeconds / 2
            ? []
            : [`${where}: ${graceSeconds} s of grace for ${needed}`]),
        ];
      });
    }),
};

/** For the process to end and the kubelet to see it. */
const DRAIN_MARGIN_SECONDS = 5;
/** How long it takes until no node routes to a pod that is ending. */
const ENDPOINT_SECONDS = 5;

export const threadsRule: Rule = {
  name: 'threads',
  reason: 'threads past the CPU limit are throttled together, the event loop with them',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) =>
      workload.template.spec.containers.flatMap((container) => {
        const variable = appOf(container)?.name === 'worker' ? 'CPU_THREADS' : 'VERIFY_THREADS';
        const threads = numberSetting(container, variable, objects);
        const limit = container.resources?.limits?.['cpu'];
        if (limit === undefined) return [];
        return threads <= quantityOf(limit)
          ? []
          : [`${containerName(workload, container)}: ${variable} is ${threads} on ${limit} CPUs`];
      }),
    ),
};

export const sharedKeyRule: Rule = {
  name: 'shared-key',
  reason: 'all workers sign with one key, and the verifier limits keys',
  check: ({ objects }) => {
    const workloads = workloadsOf(objects);
    const [verifier] = workloads.flatMap(({ template }) =>
      template.spec.containers.filter((container) => appOf(container)?.name === 'verifier'),
    );
    if (verifier === undefined) return [];
    return workloads.flatMap((workload) =>
      workload.template.spec.containers
        .filter((container) => appOf(container)?.name === 'worker')
        .flatMap((container) => {
          const { max } = scaleOf(workload.object, objects);
          const answers = max * numberSetting(container, 'MAX_CONCURRENT_REQUESTS', objects);
          // A receipt and its proof.
          const receipts = (max * numberSetting(container, 'RATE_LIMIT_PER_SECOND', objects)) / 2;
          const answersMax = numberSetting(verifier, 'MAX_OPEN_CHALLENGES', objects);
          const receiptsMax = numberSetting(verifier, 'RECEIPTS_PER_SECOND_PER_KEY', objects);
          const where = containerName(workload, container);
          const data = dataVolume(container, workload, objects);
          // On none at all is for the rule `wiring`.
          const isShared = data !== undefined && data.emptyDir === undefined;
          return [
            ...(answers <= answersMax
              ? []
              : [
                  `${where}: ${answers} answers in flight at most, MAX_OPEN_CHALLENGES is ${answersMax}`,
                ]),
            ...(receipts <= receiptsMax
              ? []
              : [
                  `${where}: ${receipts} receipts/s at most, RECEIPTS_PER_SECOND_PER_KEY is ${receiptsMax}`,
                ]),
            ...(isShared ? [`${where}: its DATA_DIR is shared with other pods`] : []),
          ];
        }),
    );
  },
};

export const embeddedLedgerRule: Rule = {
  name: 'embedded-ledger',
  reason: 'verifiers share their ledger, and an embedded one has one owner',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) =>
      workload.template.spec.containers
        .filter((container) => appOf(container)?.name === 'verifier')
        .flatMap((container) => {
          const env = environmentOf(container, objects);
          const hasDatabase =
            env['DATABASE_URL'] !== undefined || env['DATABASE_URL_FILE'] !== undefined;
          const { max } = scaleOf(workload.object, objects);
          const where = containerName(workload, container);
          const { strategy } = workload.object['spec'] as { strategy?: { type?: string } };
          if (hasDatabase) return [];
          return [
            ...(max === 1
              ? []
              : [`${where}: up to ${max} replicas on an embedded ledger; add postgres`]),
            ...(strategy?.type === 'Recreate'
              ? []
              : [`${where}: an update would run two on one embedded ledger; expected Recreate`]),
            ...ownClaim(dataVolume(container, workload, objects), objects).map(
              (problem) => `${where}: ${problem}`,
            ),
          ];
        }),
    ),
};

function ownClaim(volume: Volume | undefined, objects: readonly KubeObject[]): string[] {
  const claim = volume?.persistentVolumeClaim?.claimName;
  const object = objects.find(
    ({ kind, metadata }) => kind === 'PersistentVolumeClaim' && metadata.name === claim,
  );
  if (object === undefined)
    return ['its embedded ledger would go with the pod; expected DATA_DIR on a claim'];
  const { accessModes = [] } = object['spec'] as { accessModes?: readonly string[] };
  return accessModes.join() === 'ReadWriteOncePod'
    ? []
    : [`the claim ${claim} lets a second pod in; expected ReadWriteOncePod alone`];
}

/** The volume that DATA_DIR is on. */
function dataVolume(
  container: Container,
  { template }: Workload,
  objects: readonly KubeObject[],
): Volume | undefined {
  const { DATA_DIR: directory = '' } = environmentOf(container, objects);
  return volumeAt(directory, container, template.spec.volumes ?? []);
}
