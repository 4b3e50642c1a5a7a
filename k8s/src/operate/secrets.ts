import { bytesToHex, generateSeed, keyPairFromSeed } from '@tops/crypto';
import { stringify } from 'yaml';
import { objectsOf, type Rendering } from '../manifest.ts';
import { Cluster, type Environment } from './environments.ts';
import { Refusal } from './refusal.ts';
import type { Runner } from './runner.ts';

export interface SecretsOptions {
  readonly environment: Environment;
  /** Creates them in the cluster instead of printing them. */
  readonly isApplied: boolean;
  /** The address of an external PostgreSQL, for tops-verifier-database. */
  readonly databaseUrl?: string | undefined;
}

export interface SecretsDeps {
  readonly runner: Runner;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
  /** For the Namespace, which has to be there first. */
  readonly rendering: Rendering;
}

/**
 * Makes the keys of one environment. The worker's public key, for the verifier, lies in one Secret with its private one. Those
 * that are there already stay: a key in use is never replaced.
 *
 * @throws Refusal when the context is another, or all of the Secrets are there
 */
export function makeSecrets(options: SecretsOptions, deps: SecretsDeps): void {
  const { environment, isApplied } = options;
  const secrets = secretManifests(options);
  if (!isApplied) {
    deps.print(manifestsText(secrets).trimEnd());
    return;
  }
  const cluster = Cluster.open(environment, deps);
  const [namespace] = objectsOf(deps.rendering.objects, 'Namespace');
  cluster.kubectl(['apply', '--server-side', '--field-manager=tops-deploy', '--filename=-'], {
    input: stringify(namespace),
    isShown: true,
  });
  const names = secrets.map(({ metadata }) => metadata.name);
  const present = cluster
    .kubectl(['get', 'secret', ...names, '--ignore-not-found', '--output=name'])
    .split(/\s+/)
    .filter((text) => text !== '')
    .map((text) => text.replace(/^secret\//, ''));
  const missing = secrets.filter(({ metadata }) => !present.includes(metadata.name));
  if (missing.length === 0) {
    throw new Refusal(`expected a Secret that is not there yet, got ${present.join(', ')}`);
  }
  for (const name of present) deps.print(`${name} is there, and stays as it is`);
  // create, not apply: that would keep the keys readable in an annotation, and replace what another has just made.
  cluster.kubectl(['create', '--filename=-'], { input: manifestsText(missing), isShown: true });
}

function manifestsText(secrets: readonly unknown[]): string {
  return secrets.map((secret) => stringify(secret)).join('---\n');
}

function secretManifests({ environment, databaseUrl }: SecretsOptions) {
  const workerSeed = generateSeed();
  const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: environment.namespace,
      labels: { 'app.kubernetes.io/part-of': 'tops-worker' },
    },
    type: 'Opaque',
    stringData,
  });
  return [
    secret('tops-worker-secrets', {
      WORKER_SK_HEX: bytesToHex(workerSeed),
      VERIFY_PUBKEY: bytesToHex(keyPairFromSeed(workerSeed).publicKey),
    }),
    secret('tops-verifier-secrets', { VERIFIER_SK_HEX: bytesToHex(generateSeed()) }),
    ...(databaseUrl === undefined
      ? []
      : [secret('tops-verifier-database', { DATABASE_URL: databaseUrl })]),
  ];
}
