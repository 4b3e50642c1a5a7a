import { WORKER, VERIFIER, type Break } from './break.ts';
import { containerOf } from '../rendered.ts';

export const podBreaks: readonly Break[] = [
  {
    rule: 'pod-security',
    what: 'a writable root',
    in: 'production',
    target: WORKER,
    change: (object) => {
      delete containerOf(object).securityContext.readOnlyRootFilesystem;
    },
  },
  {
    rule: 'tokens',
    what: 'a mounted token',
    in: 'staging',
    target: VERIFIER,
    change: ({ spec }) => {
      delete spec.template.spec.automountServiceAccountToken;
    },
  },
  {
    rule: 'tokens',
    what: 'service links',
    in: 'staging',
    target: WORKER,
    change: ({ spec }) => {
      delete spec.template.spec.enableServiceLinks;
    },
  },
  {
    rule: 'resources',
    what: 'no memory limit',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      delete containerOf(object).resources.limits.memory;
    },
  },
  {
    rule: 'resources',
    what: 'an emptyDir without a size',
    in: 'production',
    target: WORKER,
    change: ({ spec }) => {
      spec.template.spec.volumes[1].emptyDir = {};
    },
  },
  {
    rule: 'probes',
    what: 'no readiness probe',
    in: 'staging',
    target: WORKER,
    change: (object) => {
      delete containerOf(object).readinessProbe;
    },
  },
  {
    rule: 'probes',
    what: 'a liveness probe that asks for readiness',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).livenessProbe.httpGet.path = '/ready';
    },
  },
  {
    rule: 'probes',
    what: 'a port without a probe',
    in: 'staging',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).ports.push({ name: 'more', containerPort: 9000, protocol: 'TCP' });
    },
  },
  {
    rule: 'probes',
    what: 'a worker that has started without a device',
    in: 'production',
    target: WORKER,
    change: (object) => {
      const container = containerOf(object);
      container.startupProbe = { httpGet: { path: '/health', port: 'http' }, periodSeconds: 1 };
    },
  },
  {
    rule: 'drain',
    what: 'a grace period shorter than the drain',
    in: 'staging',
    target: 'ConfigMap tops-verifier-config',
    change: ({ data }) => {
      data.SHUTDOWN_DEADLINE_MS = '15001';
    },
  },
  {
    rule: 'drain',
    what: 'a verifier that drains while nodes still route to it',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      delete containerOf(object).lifecycle;
    },
  },
  {
    rule: 'drain',
    what: 'a sleep by a shell that the image does not have',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).lifecycle.preStop.exec = { command: ['sleep', '5'] };
    },
  },
  {
    rule: 'threads',
    what: 'more threads than CPUs',
    in: 'staging',
    target: 'ConfigMap tops-worker-config',
    change: ({ data }) => {
      data.CPU_THREADS = '2';
    },
  },
];
