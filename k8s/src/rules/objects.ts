import { clusterKinds } from '../kinds.ts';
import { nameOf, objectsOf } from '../manifest.ts';
import { secretVariables } from '../environment.ts';
import { allContainers, containerName, workloadsOf } from '../workload.ts';
import { strictSchemaProblems } from '../strict-schema.ts';
import type { Rule } from '../rule.ts';

export const schemaRule: Rule = {
  name: 'schema',
  reason: 'the API server drops or refuses a field that it does not know',
  check: ({ objects }) =>
    objects.flatMap((object) =>
      strictSchemaProblems(object).map((problem) => `${nameOf(object)}: ${problem}`),
    ),
};

export const namespaceRule: Rule = {
  name: 'namespace',
  reason: 'an object without a namespace lands in whichever the context names',
  check: ({ objects }) => {
    const names = new Set(objectsOf(objects, 'Namespace').map(({ metadata }) => metadata.name));
    const wrong = objects.flatMap((object) => {
      const { namespace } = object.metadata;
      if (clusterKinds.has(object.kind)) {
        return namespace === undefined ? [] : [`${nameOf(object)}: belongs to no namespace`];
      }
      return namespace !== undefined && names.has(namespace)
        ? []
        : [`${nameOf(object)}: expected the rendered namespace, got ${namespace ?? 'none'}`];
    });
    return names.size === 1 ? wrong : [`expected one Namespace, got ${names.size}`, ...wrong];
  },
};

export const secretFreeRule: Rule = {
  name: 'secret-free',
  reason: 'what is committed is known to everybody who may read the repository',
  check: ({ objects }) => [
    ...objectsOf(objects, 'Secret').map((object) => `${nameOf(object)}: is rendered`),
    ...objectsOf(objects, 'ConfigMap').flatMap((object) =>
      Object.keys((object['data'] ?? {}) as object)
        .filter((name) => secretVariables.has(name))
        .map((name) => `${nameOf(object)}: ${name} is a secret`),
    ),
    ...workloadsOf(objects).flatMap((workload) =>
      allContainers(workload.template.spec).flatMap((container) =>
        (container.env ?? [])
          .filter(({ name, valueFrom }) => secretVariables.has(name) && !valueFrom?.secretKeyRef)
          .map(({ name }) => `${containerName(workload, container)}: ${name} is of no Secret`),
      ),
    ),
  ],
};

export const levelRule: Rule = {
  name: 'pod-security-level',
  reason: 'the namespace makes the cluster refuse what these rules would miss',
  check: ({ objects }) =>
    objectsOf(objects, 'Namespace').flatMap((object) =>
      ['enforce', 'audit', 'warn'].flatMap((mode) => {
        const level = object.metadata.labels?.[`pod-security.kubernetes.io/${mode}`];
        return level === 'restricted'
          ? []
          : [`${nameOf(object)}: expected ${mode} restricted, got ${level ?? 'nothing'}`];
      }),
    ),
};
