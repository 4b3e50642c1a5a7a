import { WORKER, VERIFIER, type Break } from './break.ts';
import { containerOf, type Loose } from '../rendered.ts';

export const referenceBreaks: readonly Break[] = [
  {
    rule: 'references',
    what: 'a Secret that nobody makes',
    in: 'production',
    target: WORKER,
    change: (object) => {
      containerOf(object).env.push({
        name: 'DEVICE_DID',
        valueFrom: { secretKeyRef: { name: 'tops-secrets', key: 'LABEL' } },
      });
    },
  },
  {
    rule: 'references',
    what: 'a key that the Secret does not have',
    in: 'staging',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).env.push({
        name: 'ADMIN_TOKEN',
        valueFrom: { secretKeyRef: { name: 'tops-verifier-secrets', key: 'ADMIN_TOKEN' } },
      });
    },
  },
  {
    rule: 'references',
    what: 'an optional key of registration',
    in: 'staging',
    target: VERIFIER,
    change: (object) => {
      const pubkey = containerOf(object).env.find((each: Loose) => each.name === 'VERIFY_PUBKEY');
      pubkey.valueFrom.secretKeyRef.optional = true;
    },
  },
  {
    rule: 'references',
    what: 'a database that is not rendered',
    in: 'postgres',
    target: VERIFIER,
    change: (_object, objects) => {
      const cluster = objects.find(({ kind }) => kind === 'Cluster');
      cluster.metadata.name = 'tops-ledgers';
    },
  },
  {
    rule: 'references',
    what: 'a ServiceAccount that is not there',
    in: 'staging',
    target: WORKER,
    change: ({ spec }) => {
      spec.template.spec.serviceAccountName = 'worker';
    },
  },
  {
    rule: 'references',
    what: 'a certificate that nobody makes',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: ({ spec }) => {
      spec.tls[0].secretName = 'tls';
    },
  },
  {
    rule: 'references',
    what: 'a ConfigMap in a volume that is not there',
    in: 'staging',
    target: WORKER,
    change: ({ spec }) => {
      spec.template.spec.volumes.push({ name: 'more', configMap: { name: 'more' } });
    },
  },
  {
    rule: 'selectors',
    what: 'a Service that meets no pod',
    in: 'production',
    target: 'Service tops-worker-service',
    change: ({ spec }) => {
      spec.selector = { app: 'tops-worker' };
    },
  },
  {
    rule: 'selectors',
    what: 'a ServiceMonitor that meets no Service',
    in: 'production',
    target: 'ServiceMonitor tops-verifier',
    change: ({ spec }) => {
      spec.selector = { matchLabels: { app: 'tops-verifier' } };
    },
  },
  {
    rule: 'scale-targets',
    what: 'an autoscaler of a Deployment that a Rollout scales',
    in: 'canary',
    target: 'HorizontalPodAutoscaler tops-verifier',
    change: ({ spec }) => {
      spec.scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'tops-verifier' };
    },
  },
  {
    rule: 'scale-targets',
    what: 'replicas beside an autoscaler',
    in: 'autoscaling-custom',
    target: WORKER,
    change: ({ spec }) => {
      spec.replicas = 1;
    },
  },
  {
    rule: 'scale-targets',
    what: 'replicas beside a Rollout',
    in: 'production',
    target: VERIFIER,
    change: ({ spec }) => {
      spec.replicas = 3;
    },
  },
  {
    rule: 'ports',
    what: 'a Service that aims at no port',
    in: 'staging',
    target: 'Service tops-verifier',
    change: ({ spec }) => {
      spec.ports[0].targetPort = 'https';
    },
  },
  {
    rule: 'ports',
    what: 'an Ingress that aims at no port',
    in: 'staging',
    target: 'Ingress tops-verifier',
    change: ({ spec }) => {
      spec.rules[0].http.paths[0].backend.service.port = { name: 'web' };
    },
  },
  {
    rule: 'ports',
    what: 'an Ingress to a Service that is not there',
    in: 'staging',
    target: 'Ingress tops-verifier',
    change: ({ spec }) => {
      spec.rules[0].http.paths[0].backend.service.name = 'verifier';
    },
  },
  {
    rule: 'ports',
    what: 'an app that listens elsewhere',
    in: 'staging',
    target: 'ConfigMap tops-verifier-config',
    change: ({ data }) => {
      data.PORT = '8080';
    },
  },
  {
    rule: 'ports',
    what: 'a ServiceMonitor of no port',
    in: 'production',
    target: 'ServiceMonitor tops-worker',
    change: ({ spec }) => {
      spec.endpoints[0].port = 'metrics';
    },
  },
];
