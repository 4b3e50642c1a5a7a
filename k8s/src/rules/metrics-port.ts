import { appOf, environmentOf, numberSetting } from '../environment.ts';
import { nameOf, objectsOf, selects, type KubeObject } from '../manifest.ts';
import { hasDefaultDeny, isAllowed, isBlock, namedBlocks } from '../reachability/policies.ts';
import { otherActors, ownActors } from '../reachability/table.ts';
import type { Rule } from '../rule.ts';
import { containerName, workloadsOf, type Workload, type WorkloadSpec } from '../workload.ts';
import { hasPort, type ServicePort } from './ports.ts';
import { serviceSelector } from './selectors.ts';

/** Who scrapes, by its name in the table of docs/kubernetes.md. */
const SCRAPER = 'monitoring';

export const metricsPortRule: Rule = {
  name: 'metrics-port',
  reason: 'who works, how much and how hard it is for the verifier is for the monitoring alone',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) =>
      workload.template.spec.containers.flatMap((container) => {
        const app = appOf(container);
        if (app === undefined) return [];
        const port = numberSetting(container, app.metricsPortVariable, objects);
        const where = containerName(workload, container);
        if (!hasPort(container, port)) {
          return [`${where}: ${app.metricsPortVariable} is ${port}, which is no port of it`];
        }
        return [
          ...strangersAt(port, workload, objects).map(
            (name) => `${where}: ${name} reaches the metrics on ${port}`,
          ),
          ...scrapedElsewhere(port, workload, objects),
          ...(objectsOf(objects, 'ServiceMonitor').length > 0 &&
          environmentOf(container, objects)['METRICS_ENABLED'] === '0'
            ? [`${where}: METRICS_ENABLED is 0, and what watches it has nothing to go by`]
            : []),
        ];
      }),
    ),
};

/** Who reaches the port without being the one who scrapes it. Without policies everybody does, which `default-deny` is about. */
function strangersAt(
  number: number,
  { object }: Workload,
  objects: readonly KubeObject[],
): readonly string[] {
  // A block that is none is for the rule `policy-peers`.
  if (!hasDefaultDeny(objects) || !namedBlocks(objects).every(isBlock)) return [];
  const actors = [...ownActors(objects), ...otherActors(objects)];
  const to = actors.find(({ name }) => name === object.metadata.name);
  if (to === undefined) return [];
  return actors
    .filter((from) => from !== to && from.name !== SCRAPER)
    .filter((from) => isAllowed({ from, to, port: { protocol: 'TCP', number } }, objects))
    .map(({ name }) => name);
}

/** Endpoints of ServiceMonitors that lead to another port of the workload than that of its metrics, or to another path. */
function scrapedElsewhere(
  number: number,
  { labels, template }: Workload,
  objects: readonly KubeObject[],
): readonly string[] {
  // One of several apps is for the rule `selectors`.
  const services = objectsOf(objects, 'Service').filter(
    (service) =>
      selects(serviceSelector(service), labels) &&
      workloadsOf(objects).every(
        (other) => other.template === template || !selects(serviceSelector(service), other.labels),
      ),
  );
  return objectsOf(objects, 'ServiceMonitor').flatMap((monitor) => {
    const { endpoints = [], selector } = monitor['spec'] as WorkloadSpec & {
      endpoints?: readonly { readonly port?: string; readonly path?: string }[];
    };
    const scraped = services.filter(({ metadata }) => selects(selector, metadata.labels));
    return scraped.flatMap((service) => {
      const { ports = [] } = service['spec'] as { ports?: readonly ServicePort[] };
      return endpoints.flatMap(({ port: name, path = '/metrics' }) => {
        // A port that the Service has not is for the rule `ports`.
        const found = ports.find((each) => each.name === name);
        if (found === undefined) return [];
        const { targetPort = found.port } = found;
        const isThere = template.spec.containers.some((container) =>
          (container.ports ?? []).some(
            (each) =>
              each.containerPort === number &&
              (targetPort === each.name || targetPort === each.containerPort),
          ),
        );
        return isThere && path === '/metrics'
          ? []
          : [`${nameOf(monitor)}: scrapes ${name ?? ''}${path}, the metrics are on ${number}`];
      });
    });
  });
}
