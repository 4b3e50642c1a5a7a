import { WORKER, VERIFIER, type Break } from './break.ts';
import { containerOf, type Loose } from '../rendered.ts';

export const settingBreaks: readonly Break[] = [
  {
    rule: 'environment',
    what: 'a setting that nobody reads',
    in: 'staging',
    target: 'ConfigMap tops-worker-config',
    change: ({ data }) => {
      data.LOGLEVEL = 'debug';
    },
  },
  {
    rule: 'environment',
    what: 'a value out of range',
    in: 'production',
    target: 'ConfigMap tops-verifier-config',
    change: ({ data }) => {
      data.TRUST_PROXY = '17';
    },
  },
  {
    rule: 'environment',
    what: 'a default that is wrong in a cluster',
    in: 'staging',
    target: 'ConfigMap tops-worker-config',
    change: ({ data }) => {
      delete data.AGGREGATOR_URL;
    },
  },
  {
    rule: 'environment',
    what: 'no key in production mode',
    in: 'production',
    target: WORKER,
    change: (object) => {
      const container = containerOf(object);
      container.env = container.env.filter(({ name }: Loose) => name !== 'WORKER_SK_HEX');
    },
  },
  {
    rule: 'environment',
    what: "a variable of the other app's",
    in: 'production',
    target: WORKER,
    change: (object) => {
      containerOf(object).env.push({ name: 'VERIFY_THREADS', value: '1' });
    },
  },
  {
    rule: 'environment',
    what: 'signatures switched off in production mode',
    in: 'production',
    target: 'ConfigMap tops-verifier-config',
    change: ({ data }) => {
      data.VERIFY_DISABLE = '1';
    },
  },
  {
    rule: 'shared-key',
    what: 'more answers in flight than the key may have',
    in: 'production',
    target: 'ConfigMap tops-worker-config',
    change: ({ data }) => {
      data.MAX_CONCURRENT_REQUESTS = '11';
    },
  },
  {
    rule: 'shared-key',
    what: 'more receipts a second than the key may send',
    in: 'autoscaling-custom',
    target: 'HorizontalPodAutoscaler tops-worker',
    change: ({ spec }) => {
      spec.maxReplicas = 13;
    },
  },
  {
    rule: 'shared-key',
    what: 'replicas that share a data directory',
    in: 'autoscaling-custom',
    target: WORKER,
    change: ({ spec }) => {
      spec.template.spec.volumes[0] = {
        name: 'data',
        persistentVolumeClaim: { claimName: 'tops-verifier-data' },
      };
    },
  },
  {
    rule: 'embedded-ledger',
    what: 'three replicas on an embedded ledger',
    in: 'autoscaling-custom',
    target: 'HorizontalPodAutoscaler tops-verifier',
    change: ({ spec }) => {
      spec.minReplicas = 3;
      spec.maxReplicas = 3;
    },
  },
  {
    rule: 'embedded-ledger',
    what: 'the database gone from the production overlay',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      const container = containerOf(object);
      container.env = container.env.filter(({ name }: Loose) => !name.startsWith('DATABASE_URL'));
    },
  },
  {
    rule: 'embedded-ledger',
    what: 'an update that runs two at once',
    in: 'autoscaling-custom',
    target: VERIFIER,
    change: ({ spec }) => {
      spec.strategy = { type: 'RollingUpdate' };
    },
  },
  {
    rule: 'embedded-ledger',
    what: 'a claim that lets a second pod in',
    in: 'staging',
    target: 'PersistentVolumeClaim tops-verifier-data',
    change: ({ spec }) => {
      spec.accessModes = ['ReadWriteOnce'];
    },
  },
  {
    rule: 'embedded-ledger',
    what: 'a ledger that goes with its pod',
    in: 'staging',
    target: VERIFIER,
    change: ({ spec }) => {
      spec.template.spec.volumes[0] = { name: 'data', emptyDir: { sizeLimit: '1Gi' } };
    },
  },
];
