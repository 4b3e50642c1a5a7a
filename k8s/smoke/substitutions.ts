import type { App } from '../src/environment.ts';

/** What stands on this machine for what a cluster has. */
export interface Place {
  readonly port: number;
  /** Where the Service's name leads. */
  readonly serviceUrl: string;
  /** Where the pod's volumes are. */
  readonly directory: string;
  /** Absent where the overlay has an embedded ledger. */
  readonly databaseUrl: string | undefined;
}

export interface Substitution {
  readonly variable: string;
  readonly apps: readonly App['name'][];
  readonly reason: string;
  /** undefined unsets it. */
  readonly value: (place: Place) => string | undefined;
  /** Only where the rendered environment has the variable. */
  readonly whenRendered: boolean;
}

/** Everything in which an environment of the smoke differs from the rendered one. There is no other place to change it. */
export const substitutions: readonly Substitution[] = [
  {
    variable: 'PORT',
    apps: ['verifier'],
    reason: 'pods have addresses of their own, processes share one',
    value: ({ port }) => String(port),
    whenRendered: true,
  },
  {
    variable: 'WORKER_PORT',
    apps: ['worker'],
    reason: 'pods have addresses of their own, processes share one',
    value: ({ port }) => String(port),
    whenRendered: true,
  },
  {
    variable: 'METRICS_PORT',
    apps: ['verifier'],
    reason: 'pods have addresses of their own, processes share one: a free port',
    value: () => '0',
    whenRendered: true,
  },
  {
    variable: 'HOST',
    apps: ['verifier'],
    reason: 'nobody else is to reach a trial',
    value: () => '127.0.0.1',
    whenRendered: false,
  },
  {
    variable: 'WORKER_HOST',
    apps: ['worker'],
    reason: 'nobody else is to reach a trial',
    value: () => '127.0.0.1',
    whenRendered: false,
  },
  {
    variable: 'AGGREGATOR_URL',
    apps: ['worker'],
    reason: 'no cluster DNS: a proxy that takes turns stands for the Service',
    value: ({ serviceUrl }) => serviceUrl,
    whenRendered: true,
  },
  {
    variable: 'DATA_DIR',
    apps: ['worker', 'verifier'],
    reason: 'a directory stands for the mounted volume',
    value: ({ directory }) => `${directory}/data`,
    whenRendered: true,
  },
  {
    variable: 'HOME',
    apps: ['worker'],
    reason: 'a directory stands for the mounted /tmp',
    value: ({ directory }) => directory,
    whenRendered: true,
  },
  {
    variable: 'XDG_RUNTIME_DIR',
    apps: ['worker'],
    reason: 'a directory stands for the mounted /tmp',
    value: ({ directory }) => directory,
    whenRendered: true,
  },
  {
    variable: 'DATABASE_URL',
    apps: ['verifier'],
    reason: "a throw-away PostgreSQL stands for CloudNativePG's",
    value: ({ databaseUrl }) => databaseUrl,
    whenRendered: true,
  },
  {
    variable: 'DATABASE_CA_FILE',
    apps: ['verifier'],
    reason: 'the throw-away PostgreSQL is on this machine and speaks no TLS',
    value: () => undefined,
    whenRendered: true,
  },
  {
    variable: 'CPU_FALLBACK',
    apps: ['worker'],
    reason: 'no NVIDIA GPU is assumed here: the CPU stands in, where the overlay would refuse',
    value: () => '1',
    whenRendered: true,
  },
];

/** The rendered environment with its substitutions. */
export function substitute(
  rendered: Readonly<Record<string, string>>,
  { app, place }: { readonly app: App['name']; readonly place: Place },
): Record<string, string> {
  const changes = substitutions
    .filter(
      ({ variable, apps, whenRendered }) =>
        apps.includes(app) && (!whenRendered || rendered[variable] !== undefined),
    )
    .map(({ variable, value }) => [variable, value(place)] as const);
  const entries = [...Object.entries(rendered), ...changes];
  const unset = new Set(changes.filter(([, value]) => value === undefined).map(([name]) => name));
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      value === undefined || unset.has(name) ? [] : [[name, value]],
    ),
  );
}
