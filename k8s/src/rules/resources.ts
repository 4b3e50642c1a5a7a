import { nameOf } from '../manifest.ts';
import { quantityOf } from '../quantity.ts';
import type { Rule } from '../rule.ts';
import { allContainers, containerName, workloadsOf, type Container } from '../workload.ts';

const bounded = ['cpu', 'memory', 'ephemeral-storage'];

export const resourcesRule: Rule = {
  name: 'resources',
  reason: 'a pod without requests is placed blindly, one without limits takes its neighbours down',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) => {
      const { volumes = [] } = workload.template.spec;
      return [
        ...allContainers(workload.template.spec).flatMap((container) =>
          resourceProblems(container).map(
            (problem) => `${containerName(workload, container)}: ${problem}`,
          ),
        ),
        ...volumes
          // A volume that says of no kind is an emptyDir.
          .filter((volume) => volume.emptyDir !== undefined || Object.keys(volume).length === 1)
          .filter(({ emptyDir }) => emptyDir?.sizeLimit === undefined)
          .map(({ name }) => `${nameOf(workload.object)}: the volume ${name} has no size limit`),
      ];
    }),
};

function resourceProblems({ resources = {} }: Container): string[] {
  const { requests = {}, limits = {} } = resources;
  return [
    ...(['requests', 'limits'] as const).flatMap((kind) =>
      bounded
        .filter((name) => resources[kind]?.[name] === undefined)
        .map((name) => `no ${kind} of ${name}`),
    ),
    ...[requests, limits].flatMap((quantities) =>
      Object.entries(quantities)
        .filter(([name, quantity]) => !isUnitOf(name, String(quantity)))
        .map(([name, quantity]) => `${quantity} is no quantity of ${name}`),
    ),
    ...Object.entries(requests).flatMap(([name, request]) => {
      const limit = limits[name];
      if (limit === undefined || quantityOf(request) <= quantityOf(limit)) return [];
      return [`requests ${request} of ${name}, over the limit ${limit}`];
    }),
  ];
}

/** `m` is a thousandth: of a core it is a share, of a byte a slip for Mi. The other units count bytes. */
function isUnitOf(name: string, quantity: string): boolean {
  const unit = quantity.replace(/^[\d.]+/, '');
  if (name === 'cpu') return unit === '' || unit === 'm';
  return bounded.includes(name) ? unit !== 'm' : unit === '';
}
