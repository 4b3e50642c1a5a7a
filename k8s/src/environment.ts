import type { EnvFields, EnvSchema } from '@tops/config';
import { verifierConfigSection } from '../../apps/verifier/src/config.ts';
import { workerConfigSection } from '../../apps/worker/src/config.ts';
import { findObject, type KubeObject } from './manifest.ts';
import { exampleSecretValues } from './outside-secrets.ts';
import type { Container } from './workload.ts';

export interface App {
  readonly name: 'worker' | 'verifier';
  readonly schema: EnvSchema<EnvFields>;
  /** Unknown names that start like this are refused by the app. */
  readonly prefixes: readonly string[];
  readonly portVariable: string;
  /** Where /metrics is: a policy tells ports apart, and no paths. */
  readonly metricsPortVariable: string;
  /** What has a default in the schema, and one that is wrong in a cluster. */
  readonly required: readonly string[];
}

const worker: App = {
  name: 'worker',
  schema: workerConfigSection.schema as EnvSchema<EnvFields>,
  prefixes: ['WORKER_'],
  portVariable: 'WORKER_PORT',
  metricsPortVariable: 'WORKER_PORT',
  required: [
    'NODE_ENV',
    'AGGREGATOR_URL',
    'WORKER_PORT',
    'WORKER_SK_HEX',
    'DATA_DIR',
    'CPU_THREADS',
    'SHUTDOWN_DEADLINE_MS',
  ],
};

const verifier: App = {
  name: 'verifier',
  schema: verifierConfigSection.schema as EnvSchema<EnvFields>,
  prefixes: ['VERIFIER_', 'VERIFY_', 'ADMIN_'],
  portVariable: 'PORT',
  metricsPortVariable: 'METRICS_PORT',
  required: [
    'NODE_ENV',
    'PORT',
    'METRICS_PORT',
    'VERIFIER_SK_HEX',
    'VERIFY_PUBKEY',
    'DATA_DIR',
    'VERIFY_THREADS',
    'TRUST_PROXY',
    'SHUTDOWN_DEADLINE_MS',
  ],
};

/** Variables of either app that are secrets, as their schemas say. */
export const secretVariables: ReadonlySet<string> = new Set(
  [worker, verifier].flatMap(({ schema }) =>
    Object.entries(schema.fields).flatMap(([name, { secret }]) => (secret ? [name] : [])),
  ),
);

/** Read by the system or its drivers, not by the apps. */
export const platformVariables: ReadonlySet<string> = new Set([
  'HOME',
  'NVIDIA_DRIVER_CAPABILITIES',
  'XDG_RUNTIME_DIR',
]);

/** Which app an image runs, by the last part of its name; undefined for a stranger. */
export function appOf({ image = '' }: Container): App | undefined {
  const name = /([^/:@]+)(?::[^/@]+)?(?:@[^/]+)?$/.exec(image)?.[1];
  if (name === 'tops-worker-cpu' || name === 'tops-worker-gpu') return worker;
  return name === 'tops-verifier' ? verifier : undefined;
}

/**
 * The environment that the kubelet would give a container: envFrom first, env over it. Secrets are the example values. What
 * does not resolve is left out; the rule `references` tells of it.
 */
export function environmentOf(
  container: Container,
  objects: readonly KubeObject[],
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const source =
      configMapRef === undefined
        ? exampleSecretValues[secretRef?.name ?? '']
        : configMapData(configMapRef.name, objects);
    for (const [name, value] of Object.entries(source ?? {})) values[prefix + name] = value;
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
    const resolved =
      value ??
      (secretKeyRef && exampleSecretValues[secretKeyRef.name]?.[secretKeyRef.key]) ??
      (configMapKeyRef && configMapData(configMapKeyRef.name, objects)?.[configMapKeyRef.key]);
    if (resolved !== undefined) values[name] = resolved;
  }
  return values;
}

export function configMapData(
  name: string,
  objects: readonly KubeObject[],
): Readonly<Record<string, string>> | undefined {
  const found = findObject(objects, { kind: 'ConfigMap', name });
  return found && ((found['data'] ?? {}) as Readonly<Record<string, string>>);
}

/** A setting of a container as a number: what it says, or else the schema's default; NaN when there is neither. */
export function numberSetting(
  container: Container,
  name: string,
  objects: readonly KubeObject[],
): number {
  const text =
    environmentOf(container, objects)[name] ?? appOf(container)?.schema.fields[name]?.defaultText;
  return Number(text ?? Number.NaN);
}
