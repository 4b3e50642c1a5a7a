import { findObject, nameOf, objectsOf, selects, type KubeObject } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import {
  containerName,
  workloadsOf,
  type Container,
  type Probe,
  type WorkloadSpec,
} from '../workload.ts';
import { appOf, numberSetting } from '../environment.ts';
import { serviceSelector } from './selectors.ts';

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: string | number;
}

type PortReference = { readonly name?: string; readonly number?: number };

export const portsRule: Rule = {
  name: 'ports',
  reason: 'a name of a port that nobody has leads nowhere',
  check: ({ objects }) => [
    ...objectsOf(objects, 'Service').flatMap((service) => servicePorts(service, objects)),
    ...objectsOf(objects, 'Ingress').flatMap((ingress) => ingressBackends(ingress, objects)),
    ...objectsOf(objects, 'ServiceMonitor').flatMap((monitor) => monitorPorts(monitor, objects)),
    ...workloadsOf(objects).flatMap((workload) =>
      workload.template.spec.containers.flatMap((container) => {
        const where = containerName(workload, container);
        return [
          ...probePorts(container).map((problem) => `${where}: ${problem}`),
          ...listeningPort(container, objects).map((problem) => `${where}: ${problem}`),
        ];
      }),
    ),
  ],
};

export function hasPort(container: Container, port: string | number): boolean {
  return (container.ports ?? []).some(({ name, containerPort }) =>
    typeof port === 'number' ? containerPort === port : name === port,
  );
}

export function probesOf(container: Container): [string, Probe][] {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  return Object.entries({ startupProbe, livenessProbe, readinessProbe }).flatMap(([name, probe]) =>
    probe === undefined ? [] : [[name, probe]],
  );
}

function servicePorts(service: KubeObject, objects: readonly KubeObject[]): string[] {
  const { ports = [] } = service['spec'] as { ports?: readonly ServicePort[] };
  const selected = workloadsOf(objects).filter(({ labels }) =>
    selects(serviceSelector(service), labels),
  );
  return selected.flatMap(({ object, template }) =>
    ports
      .filter(({ port, targetPort = port }) =>
        template.spec.containers.every((container) => !hasPort(container, targetPort)),
      )
      .map(
        ({ port, targetPort = port }) =>
          `${nameOf(service)}: ${nameOf(object)} has no port ${targetPort}`,
      ),
  );
}

function ingressBackends(ingress: KubeObject, objects: readonly KubeObject[]): string[] {
  const { rules = [] } = ingress['spec'] as {
    rules?: readonly {
      readonly http?: {
        readonly paths: readonly {
          readonly backend: {
            readonly service?: { readonly name: string; readonly port: PortReference };
          };
        }[];
      };
    }[];
  };
  const backends = rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend));
  return backends.flatMap(({ service: backend }) => {
    const service = findObject(objects, { kind: 'Service', name: backend?.name ?? '' });
    if (backend === undefined || service === undefined) {
      return [`${nameOf(ingress)}: no Service ${backend?.name ?? '(none)'}`];
    }
    const { ports = [] } = service['spec'] as { ports?: readonly ServicePort[] };
    const { name, number } = backend.port;
    return ports.some((each) => (name === undefined ? each.port === number : each.name === name))
      ? []
      : [`${nameOf(ingress)}: ${nameOf(service)} has no port ${name ?? number}`];
  });
}

function monitorPorts(monitor: KubeObject, objects: readonly KubeObject[]): string[] {
  const { endpoints = [], selector } = monitor['spec'] as WorkloadSpec & {
    endpoints?: readonly { readonly port?: string }[];
  };
  const services = objectsOf(objects, 'Service').filter((service) =>
    selects(selector, service.metadata.labels),
  );
  return services.flatMap((service) => {
    const { ports = [] } = service['spec'] as { ports?: readonly ServicePort[] };
    return endpoints
      .filter(({ port }) => !ports.some(({ name }) => name === port))
      .map(({ port }) => `${nameOf(monitor)}: ${nameOf(service)} has no port ${port ?? '(none)'}`);
  });
}

function probePorts(container: Container): string[] {
  return probesOf(container).flatMap(([name, { httpGet, tcpSocket }]) => {
    const port = httpGet?.port ?? tcpSocket?.port;
    return port === undefined || hasPort(container, port) ? [] : [`${name}: no port ${port}`];
  });
}

/** The port that the app is told to listen on is the one that the container names. */
function listeningPort(container: Container, objects: readonly KubeObject[]): string[] {
  const app = appOf(container);
  if (app === undefined) return [];
  const port = numberSetting(container, app.portVariable, objects);
  return hasPort(container, port) ? [] : [`${app.portVariable} is ${port}, which is no port of it`];
}
