import { WORKER, VERIFIER, type Break } from './break.ts';
import { containerOf, type Loose } from '../rendered.ts';

/** One as harmless as the container itself, but for what is given. */
function initContainer(object: Loose, change: object): Loose {
  const { image, securityContext, resources, env, envFrom, volumeMounts } = containerOf(object);
  const own = { image, securityContext, resources, env, envFrom, volumeMounts };
  return structuredClone({ name: 'init', ...own, ...change });
}

export const podPartBreaks: readonly Break[] = [
  {
    rule: 'references',
    what: 'an init container on a volume that is not there',
    in: 'staging',
    target: VERIFIER,
    change: (object) => {
      object.spec.template.spec.initContainers = [
        initContainer(object, { volumeMounts: [{ name: 'more', mountPath: '/more' }] }),
      ];
    },
  },
  {
    rule: 'environment',
    what: 'an init container of a stranger',
    in: 'staging',
    target: VERIFIER,
    change: (object) => {
      object.spec.template.spec.initContainers = [initContainer(object, { image: 'busybox:1.37' })];
    },
  },
  {
    rule: 'images',
    what: 'an init container by a tag that moves',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      object.spec.template.spec.initContainers = [
        initContainer(object, { image: 'ghcr.io/tops-worker/tops-verifier:latest' }),
      ];
    },
  },
  {
    rule: 'images',
    what: 'a digest without its version',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).image = `ghcr.io/tops-worker/tops-verifier@sha256:${'a'.repeat(64)}`;
    },
  },
  {
    rule: 'resources',
    what: 'an init container without limits',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      const container = initContainer(object, {});
      delete container.resources;
      object.spec.template.spec.initContainers = [container];
    },
  },
  {
    rule: 'resources',
    what: 'requests over limits',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).resources.requests.memory = '3Gi';
    },
  },
  {
    rule: 'resources',
    what: 'memory in thousandths of a byte',
    in: 'staging',
    target: WORKER,
    change: (object) => {
      containerOf(object).resources.limits.memory = '512000000000m';
    },
  },
  {
    rule: 'resources',
    what: 'a CPU limit in bytes',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).resources.limits.cpu = '500Mi';
    },
  },
  {
    rule: 'resources',
    what: 'a volume of no kind',
    in: 'production',
    target: WORKER,
    change: (object) => {
      object.spec.template.spec.volumes.push({ name: 'more' });
    },
  },
  {
    rule: 'tokens',
    what: 'a token in a projected volume',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      object.spec.template.spec.volumes.push({
        name: 'token',
        projected: { sources: [{ serviceAccountToken: { path: 'token' } }] },
      });
    },
  },
  {
    rule: 'references',
    what: 'a projected Secret that nobody makes',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      object.spec.template.spec.volumes.push({
        name: 'more',
        projected: { sources: [{ secret: { name: 'tops-more' } }] },
      });
    },
  },
  {
    rule: 'references',
    what: 'an optional Secret in a volume',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      const volume = object.spec.template.spec.volumes.find(
        ({ name }: Loose) => name === 'database-ca',
      );
      volume.secret.optional = true;
    },
  },
  {
    rule: 'probes',
    what: 'a readiness that only connects',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).readinessProbe = { tcpSocket: { port: 'http' } };
    },
  },
  {
    rule: 'probes',
    what: 'a liveness that asks nothing',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).livenessProbe = {
        exec: { command: ['/usr/local/bin/node', '--eval', ''] },
      };
    },
  },
  {
    rule: 'gpu',
    what: 'a startup probe that software passes',
    in: 'production',
    target: WORKER,
    change: (object) => {
      containerOf(object).startupProbe.exec.command = ['/usr/local/bin/node', '--eval', ''];
    },
  },
];
