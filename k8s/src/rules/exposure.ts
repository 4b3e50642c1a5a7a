import { environmentOf } from '../environment.ts';
import { nameOf, objectsOf } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { containerName, workloadsOf } from '../workload.ts';
import { edgeProblems, type IngressSpec } from './edge.ts';
import { hasPort } from './ports.ts';

/** Files of the dashboard, served under `/`. */
const dashboardFiles = ['/dashboard.js', '/dashboard.css', '/favicon.svg'];
/** Routes of the verifier for those who run it. */
const inward = new Set(['/metrics', '/health', '/ready', '/status', 'other']);
const PREFIX = '/v1/';

export const publicRoutesRule: Rule = {
  name: 'public-routes',
  reason: '/metrics, probes and the admin API are none of the public',
  check: ({ objects }, { publicRoutes, bodyBytesMax }) => {
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
        ...edgeProblems(ingress, objects, bodyBytesMax).map(
          (problem) => `${nameOf(ingress)}: ${problem}`,
        ),
      ];
    });
  },
};

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
