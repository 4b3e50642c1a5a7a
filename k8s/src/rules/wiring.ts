import { appOf, environmentOf, type App } from '../environment.ts';
import { findObject, objectsOf, type KubeObject } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import {
  containerName,
  volumeAt,
  workloadsOf,
  type Container,
  type Workload,
} from '../workload.ts';
import { leadsToVerifier } from './edge.ts';

export const wiringRule: Rule = {
  name: 'wiring',
  reason:
    'a setting that names a Service, a file or a proxy that is not there starts, and works not',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) =>
      workload.template.spec.containers.flatMap((container) => {
        const app = appOf(container);
        if (app === undefined) return [];
        const env = environmentOf(container, objects);
        return [
          ...(app.name === 'worker' ? aggregatorProblems(env, { workload, objects }) : []),
          ...(app.name === 'verifier' ? proxyProblems(env, objects) : []),
          ...pathProblems(env, { app, container, workload }),
        ].map((problem) => `${containerName(workload, container)}: ${problem}`);
      }),
    ),
};

type Environment = Readonly<Record<string, string>>;

/** Where the worker looks for its verifier; no address at all is for the rule `environment`. */
function aggregatorProblems(
  { AGGREGATOR_URL: text }: Environment,
  { workload, objects }: { readonly workload: Workload; readonly objects: readonly KubeObject[] },
): string[] {
  if (text === undefined || !URL.canParse(text)) return [];
  const { hostname, port, protocol } = new URL(text);
  const [name = '', namespace, ...rest] = hostname.split('.');
  const service = findObject(objects, { kind: 'Service', name });
  const isHere =
    (namespace === undefined || namespace === workload.object.metadata.namespace) &&
    ['', 'svc', 'svc.cluster.local'].includes(rest.join('.'));
  if (service === undefined || !isHere) return [`AGGREGATOR_URL: no Service ${hostname}`];
  const { ports = [] } = service['spec'] as { ports?: readonly { readonly port: number }[] };
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  return [
    ...(ports.some((each) => each.port === number)
      ? []
      : [`AGGREGATOR_URL: the Service ${name} has no port ${number}`]),
    ...(leadsToVerifier(service, objects)
      ? []
      : [`AGGREGATOR_URL: the Service ${name} is not the verifier's`]),
  ];
}

/** Behind an Ingress all clients have its address, and share its limits, unless it is believed. */
function proxyProblems(
  { TRUST_PROXY: hops }: Environment,
  objects: readonly KubeObject[],
): string[] {
  return objectsOf(objects, 'Ingress').length > 0 && hops === '0'
    ? ['TRUST_PROXY is 0 behind an Ingress']
    : [];
}

/** The root is read-only and the image has no secrets: directories and files are on volumes. */
function pathProblems(
  env: Environment,
  {
    app,
    container,
    workload,
  }: { readonly app: App; readonly container: Container; readonly workload: Workload },
): string[] {
  const { volumes = [] } = workload.template.spec;
  return Object.entries(env)
    .filter(
      ([name]) => name in app.schema.fields && (name === 'DATA_DIR' || name.endsWith('_FILE')),
    )
    .filter(([, path]) => volumeAt(path, container, volumes) === undefined)
    .map(([name, path]) => `${name}: no volume is mounted at ${path}`);
}
