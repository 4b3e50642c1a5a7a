import { environmentOf } from '../environment.ts';
import { nameOf, objectsOf, type KubeObject } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { containerName, workloadsOf } from '../workload.ts';
import { hasPort } from './ports.ts';

interface IngressSpec {
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly defaultBackend?: unknown;
  readonly rules?: readonly {
    readonly host?: string;
    readonly http?: {
      readonly paths: readonly { readonly path?: string; readonly pathType: string }[];
    };
  }[];
}

/** Files of the dashboard, served under `/`. */
const dashboardFiles = ['/dashboard.js', '/dashboard.css', '/favicon.svg'];
/** Routes of the verifier for those who run it. */
const inward = new Set(['/metrics', '/health', '/ready', '/status', 'other']);
const PREFIX = '/v1/';

export const publicRoutesRule: Rule = {
  name: 'public-routes',
  reason: '/metrics, probes and the admin API are none of the public',
  check: ({ objects }, { publicRoutes }) => {
    const allowed = new Set([
      ...publicRoutes.filter((route) => !inward.has(route)),
      ...dashboardFiles,
    ]);
    return objectsOf(objects, 'Ingress').flatMap((ingress) => {
      const { rules = [], defaultBackend } = ingress['spec'] as IngressSpec;
      const paths = rules.flatMap(({ http }) => http?.paths ?? []);
      const isCovered = (route: string): boolean =>
        paths.some(({ path = '', pathType }) =>
          pathType === 'Prefix' ? route.startsWith(path) : route === path,
        );
      return [
        ...paths
          .filter(({ path = '', pathType }) =>
            pathType === 'Exact' ? !allowed.has(path) : pathType !== 'Prefix' || path !== PREFIX,
          )
          .map(
            ({ path = '', pathType }) =>
              `${nameOf(ingress)}: ${pathType} ${path} is not a public route`,
          ),
        ...[...allowed]
          .filter((route) => !isCovered(route))
          .map((route) => `${nameOf(ingress)}: ${route} is public and not routed`),
        ...(defaultBackend === undefined
          ? []
          : [`${nameOf(ingress)}: a default backend takes every path`]),
        ...edgeProblems(ingress),
      ];
    });
  },
};

/** Encrypted, and bounded in size and rate. */
function edgeProblems(ingress: KubeObject): string[] {
  const { tls = [], rules = [] } = ingress['spec'] as IngressSpec;
  const hosts = new Set(tls.flatMap((each) => each.hosts ?? []));
  const { annotations = {} } = ingress.metadata;
  return [
    ...rules
      .filter(({ host }) => host === undefined || !hosts.has(host))
      .map(({ host }) => `${nameOf(ingress)}: no TLS for ${host ?? 'every host'}`),
    ...['proxy-body-size', 'limit-rps', 'limit-connections']
      .map((name) => `nginx.ingress.kubernetes.io/${name}`)
      .filter((name) => annotations[name] === undefined)
      .map((name) => `${nameOf(ingress)}: no ${name}`),
  ];
}

export const adminRule: Rule = {
  name: 'admin-port',
  reason:
    'the admin API takes its token over plain HTTP: port-forward reaches it, nothing else should',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) =>
      workload.template.spec.containers.flatMap((container) => {
        const { ADMIN_PORT: port, ADMIN_HOST: host = '127.0.0.1' } = environmentOf(
          container,
          objects,
        );
        if (port === undefined) return [];
        const where = containerName(workload, container);
        return [
          ...(hasPort(container, Number(port))
            ? [`${where}: the admin port is a port of the container`]
            : []),
          ...(host === '127.0.0.1' ? [] : [`${where}: ADMIN_HOST is ${host}`]),
        ];
      }),
    ),
};

export const serviceTypesRule: Rule = {
  name: 'service-types',
  reason: 'a NodePort or LoadBalancer goes past the Ingress and its limits',
  check: ({ objects }) =>
    objectsOf(objects, 'Service').flatMap((service) => {
      const { type = 'ClusterIP', externalIPs = [] } = service['spec'] as {
        type?: string;
        externalIPs?: readonly string[];
      };
      return type === 'ClusterIP' && externalIPs.length === 0
        ? []
        : [`${nameOf(service)}: is open outside`];
    }),
};
