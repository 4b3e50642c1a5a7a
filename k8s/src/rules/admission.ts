import { nameOf, type KubeObject } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { allContainers, containerName, workloadsOf, type Container } from '../workload.ts';
import type { PodSpec } from '../workload.ts';
import { probesOf } from './ports.ts';

/** Lower-case letters, digits and hyphens, as in host names. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const labelValue = /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/;
/** RFC 6335: at most fifteen characters, one of them a letter. */
const portName = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/;

export const admissionRule: Rule = {
  name: 'admission',
  reason: 'the API server refuses more than schemas can say, and the half before it is applied',
  check: ({ objects }) => [
    ...repeated(objects.map(identityOf)).map((name) => `${name} is there twice`),
    ...objects.flatMap((object) =>
      [...nameProblems(object), ...specProblems(object)].map(
        (problem) => `${nameOf(object)}: ${problem}`,
      ),
    ),
    ...workloadsOf(objects).flatMap((workload) => {
      const { spec } = workload.template;
      return [
        ...podProblems(spec).map((problem) => `${nameOf(workload.object)}: ${problem}`),
        ...allContainers(spec).flatMap((container) =>
          containerProblems(container).map(
            (problem) => `${containerName(workload, container)}: ${problem}`,
          ),
        ),
      ];
    }),
  ],
};

function identityOf(object: KubeObject): string {
  const [group = ''] = object.apiVersion.split('/');
  return `${nameOf(object)} of ${group} in ${object.metadata.namespace ?? 'no namespace'}`;
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function nameProblems({ kind, metadata }: KubeObject): string[] {
  const { name, labels = {} } = metadata;
  const parts = name.split('.');
  // A Service's name is one part of a host name, and starts with a letter.
  const isName =
    kind === 'Service'
      ? label.test(name) && /^[a-z]/.test(name)
      : name.length <= 253 && parts.every((part) => label.test(part));
  return [
    ...(isName ? [] : [`${name} is no name`]),
    ...Object.entries(labels)
      .filter(([, value]) => !labelValue.test(value))
      .map(([key, value]) => `the label ${key} may not be ${value}`),
  ];
}

function specProblems({ kind, spec }: KubeObject): string[] {
  const { strategy, ports, maxUnavailable, minAvailable } = (spec ?? {}) as {
    strategy?: { type?: string; rollingUpdate?: unknown };
    ports?: readonly { name?: string; port: number; protocol?: string }[];
    maxUnavailable?: unknown;
    minAvailable?: unknown;
  };
  if (kind === 'Deployment' && strategy?.type === 'Recreate') {
    return strategy.rollingUpdate === undefined ? [] : ['a rolling update beside Recreate'];
  }
  if (kind === 'PodDisruptionBudget') {
    return [maxUnavailable, minAvailable].includes(undefined)
      ? []
      : ['both maxUnavailable and minAvailable'];
  }
  if (kind !== 'Service' || ports === undefined) return [];
  const numbers = ports.map(({ port, protocol = 'TCP' }) => `${protocol} ${port}`);
  return [...repeated(ports.map(({ name = '' }) => name)), ...repeated(numbers)].map(
    (port) => `the port ${port} is there twice`,
  );
}

function podProblems(spec: PodSpec): string[] {
  const { volumes = [], ephemeralContainers = [] } = spec;
  const names = [...volumes, ...allContainers(spec)].map(({ name }) => name);
  return [
    ...(ephemeralContainers.length === 0 ? [] : ['ephemeral containers in a template']),
    ...names.filter((name) => !label.test(name)).map((name) => `${name} is no name`),
    ...repeated(volumes.map(({ name }) => name)).map((name) => `the volume ${name} is there twice`),
    ...repeated(allContainers(spec).map(({ name }) => name)).map(
      (name) => `the container ${name} is there twice`,
    ),
    ...volumes
      .filter((volume) => Object.keys(volume).length > 2)
      .map(({ name }) => `the volume ${name} has several sources`),
  ];
}

function containerProblems(container: Container): string[] {
  const { env = [], volumeMounts = [], ports = [] } = container;
  const names = ports.flatMap(({ name }) => name ?? []);
  return [
    ...repeated(env.map(({ name }) => name)).map((name) => `${name} is set twice`),
    ...repeated(volumeMounts.map(({ mountPath }) => mountPath)).map(
      (path) => `two volumes at ${path}`,
    ),
    ...repeated(names).map((name) => `the port ${name} is there twice`),
    ...names.filter((name) => !portName.test(name)).map((name) => `${name} is no name of a port`),
    ...probesOf(container).flatMap(([name, probe]) => {
      const { httpGet, tcpSocket, grpc, exec, successThreshold = 1 } = probe;
      const askers = [httpGet, tcpSocket, grpc, exec].filter((each) => each !== undefined);
      return [
        ...(askers.length === 1 ? [] : [`${name} asks in ${askers.length} ways`]),
        ...(successThreshold === 1 || name === 'readinessProbe'
          ? []
          : [`${name}: successThreshold is ${successThreshold}`]),
      ];
    }),
  ];
}
