import type { Rule } from '../rule.ts';
import { containerName, workloadsOf, type Container } from '../workload.ts';
import { appOf } from '../environment.ts';
import { hasPort, probesOf } from './ports.ts';

/** What each probe may ask: they mean different things. */
const meanings: Readonly<Record<string, readonly string[]>> = {
  livenessProbe: ['/health'],
  readinessProbe: ['/ready'],
  // Listening at all is the verifier's start; a worker's is a device, which only its status tells.
  startupProbe: ['/health'],
};

export const probesRule: Rule = {
  name: 'probes',
  reason: 'started, alive and ready are three questions; a port that nobody asks may be dead',
  check: ({ objects }) =>
    workloadsOf(objects)
      .filter(({ object }) => !['Job', 'CronJob'].includes(object.kind))
      .flatMap((workload) =>
        workload.template.spec.containers.flatMap((container) =>
          probeProblems(container).map(
            (problem) => `${containerName(workload, container)}: ${problem}`,
          ),
        ),
      ),
};

function probeProblems(container: Container): string[] {
  const probes = probesOf(container);
  const asked = probes.flatMap(
    ([, { httpGet, tcpSocket }]) => httpGet?.port ?? tcpSocket?.port ?? [],
  );
  const alike = new Set(probes.map(([, probe]) => JSON.stringify(probe)));
  return [
    ...Object.keys(meanings)
      .filter((name) => !probes.some(([present]) => present === name))
      .map((name) => `no ${name}`),
    ...probes.flatMap(([name, { httpGet }]) =>
      httpGet === undefined || (meanings[name] ?? []).includes(httpGet.path ?? '/')
        ? []
        : [`${name} asks ${httpGet.path ?? '/'}`],
    ),
    // Only a start may ask a program: the other two would say that something listens, or nothing at all.
    ...probes.flatMap(([name, { httpGet }]) =>
      name === 'startupProbe' || httpGet !== undefined
        ? []
        : [`${name} asks neither ${(meanings[name] ?? []).join(' nor ')}`],
    ),
    ...(alike.size === probes.length ? [] : ['two probes are the same']),
    ...(container.ports ?? [])
      .filter((port) => !asked.some((each) => hasPort({ ...container, ports: [port] }, each)))
      .map(({ containerPort }) => `no probe asks the port ${containerPort}`),
    ...(appOf(container)?.name === 'worker' && container.startupProbe?.exec === undefined
      ? ['the startupProbe does not look at the compute device']
      : []),
  ];
}
