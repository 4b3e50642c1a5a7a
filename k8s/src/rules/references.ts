import { configMapData } from '../environment.ts';
import { findObject, nameOf, objectsOf, type KubeObject } from '../manifest.ts';
import { secretKeys } from '../outside-secrets.ts';
import type { Rule } from '../rule.ts';
import {
  allContainers,
  containerName,
  workloadsOf,
  type Container,
  type Volume,
  type Workload,
} from '../workload.ts';

/** Where a ConfigMap or Secret is read, and which of its keys; no keys: all of them. */
interface Reference {
  readonly where: string;
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly keys: readonly string[];
  readonly optional?: boolean | undefined;
}

export const referencesRule: Rule = {
  name: 'references',
  reason: 'a pod whose ConfigMap, Secret, key, claim or account is not there never starts',
  check: ({ objects }) => [
    ...workloadsOf(objects).flatMap((workload) => [
      ...referencesOf(workload).flatMap((reference) => missing(reference, objects)),
      ...missingObjects(workload, objects),
    ]),
    ...objectsOf(objects, 'Ingress').flatMap((ingress) =>
      missingTlsSecrets(ingress).map(
        (name) => `${nameOf(ingress)}: nobody makes the Secret ${name}`,
      ),
    ),
  ],
};

function missing(reference: Reference, objects: readonly KubeObject[]): string[] {
  const { where, kind, name, keys, optional } = reference;
  // An optional one would start pods that silently lack a setting.
  if (optional === true) return [`${where}: ${kind} ${name} may not be optional`];
  const data = configMapData(name, objects);
  const known = kind === 'Secret' ? secretKeys(name, objects) : data && Object.keys(data);
  if (known === undefined) return [`${where}: no ${kind} ${name}`];
  return keys
    .filter((key) => !known.includes(key))
    .map((key) => `${where}: ${kind} ${name} has no key ${key}`);
}

function referencesOf(workload: Workload): Reference[] {
  const { spec } = workload.template;
  return [
    ...allContainers(spec).flatMap((container) =>
      containerReferences(container, containerName(workload, container)),
    ),
    ...(spec.volumes ?? []).flatMap((volume) =>
      volumeReferences(volume, `${nameOf(workload.object)}, volume ${volume.name}`),
    ),
  ];
}

function containerReferences(container: Container, where: string): Reference[] {
  const sources = (container.envFrom ?? []).flatMap(({ configMapRef, secretRef }): Reference[] => [
    ...(configMapRef ? [{ where, kind: 'ConfigMap' as const, keys: [], ...configMapRef }] : []),
    ...(secretRef ? [{ where, kind: 'Secret' as const, keys: [], ...secretRef }] : []),
  ]);
  const variables = (container.env ?? []).flatMap(({ valueFrom = {} }): Reference[] => {
    const { secretKeyRef: secret, configMapKeyRef: map } = valueFrom;
    return [
      ...(map ? [{ where, kind: 'ConfigMap' as const, ...map, keys: [map.key] }] : []),
      ...(secret ? [{ where, kind: 'Secret' as const, ...secret, keys: [secret.key] }] : []),
    ];
  });
  return [...sources, ...variables];
}

interface KeyedSource {
  readonly name?: string;
  readonly secretName?: string;
  readonly items?: readonly { readonly key: string }[];
  readonly optional?: boolean;
}

function volumeReferences({ configMap, secret, projected }: Volume, where: string): Reference[] {
  return [{ configMap, secret }, ...(projected?.sources ?? [])].flatMap((source) => [
    ...sourceReference('ConfigMap', source.configMap, where),
    ...sourceReference('Secret', source.secret, where),
  ]);
}

function sourceReference(
  kind: Reference['kind'],
  source: KeyedSource | undefined,
  where: string,
): Reference[] {
  if (source === undefined) return [];
  const { name, secretName, items = [], optional } = source;
  const keys = items.map(({ key }) => key);
  return [{ where, kind, name: name ?? secretName ?? '(none)', keys, optional }];
}

function missingObjects({ object, template }: Workload, objects: readonly KubeObject[]): string[] {
  const { serviceAccountName = 'default', volumes = [] } = template.spec;
  const wanted = [
    { kind: 'ServiceAccount', name: serviceAccountName },
    ...volumes.flatMap(({ persistentVolumeClaim: claim }) =>
      claim ? [{ kind: 'PersistentVolumeClaim', name: claim.claimName }] : [],
    ),
  ];
  const volumeNames = volumes.map(({ name }) => name);
  const mounts = allContainers(template.spec).flatMap(({ volumeMounts = [] }) => volumeMounts);
  return [
    ...wanted
      .filter((each) => findObject(objects, each) === undefined)
      .map(({ kind, name }) => `${nameOf(object)}: no ${kind} ${name}`),
    ...mounts
      .filter(({ name }) => !volumeNames.includes(name))
      .map(({ name }) => `${nameOf(object)}: no volume ${name}`),
  ];
}

function missingTlsSecrets(ingress: KubeObject): string[] {
  const { tls = [] } = ingress['spec'] as { tls?: readonly { readonly secretName?: string }[] };
  return tls
    .map(({ secretName = '(none)' }) => secretName)
    .filter((name) => !(secretKeys(name, []) ?? []).includes('tls.key'));
}
