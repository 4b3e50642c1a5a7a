import { WORKER, VERIFIER, type Break } from './break.ts';

export const objectBreaks: readonly Break[] = [
  {
    rule: 'schema',
    what: 'a misspelled optional field',
    in: 'production',
    target: VERIFIER,
    change: ({ spec }) => {
      spec.revisionHistoryLimits = 5;
    },
  },
  {
    rule: 'schema',
    what: 'a field of the wrong type',
    in: 'staging',
    target: WORKER,
    change: ({ spec }) => {
      spec.minReadySeconds = 'ten';
    },
  },
  {
    rule: 'schema',
    what: 'a missing required field of a custom resource',
    in: 'postgres',
    target: 'Cluster tops-ledger',
    change: ({ spec }) => {
      delete spec.instances;
    },
  },
  {
    rule: 'schema',
    what: 'a kind without a schema',
    in: 'staging',
    target: 'PodDisruptionBudget tops-worker',
    change: (_object, objects) => {
      objects.push({
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'x', namespace: 'tops-worker-staging' },
      });
    },
  },
  {
    rule: 'namespace',
    what: 'an object without one',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: ({ metadata }) => {
      delete metadata.namespace;
    },
  },
  {
    rule: 'namespace',
    what: 'an object in another',
    in: 'production',
    target: 'PodDisruptionBudget tops-verifier',
    change: ({ metadata }) => {
      metadata.namespace = 'default';
    },
  },
  {
    rule: 'secret-free',
    what: 'a Secret',
    in: 'staging',
    target: WORKER,
    change: (_object, objects) => {
      objects.push({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'tops-worker-secrets', namespace: 'tops-worker-staging' },
      });
    },
  },
  {
    rule: 'pod-security-level',
    what: 'a namespace that enforces the baseline only',
    in: 'production',
    target: 'Namespace tops-worker',
    change: ({ metadata }) => {
      metadata.labels['pod-security.kubernetes.io/enforce'] = 'baseline';
    },
  },
];
