import { findObject, objectsOf, type KubeObject, type Rendering } from '../manifest.ts';
import { workloadsOf } from '../workload.ts';
import { inBlock, isAllowed, namedBlocks, namedPorts, type Actor, type Port } from './policies.ts';

export interface Row {
  readonly from: string;
  readonly to: string;
  /** `TCP 8081`, or `every port`. */
  readonly ports: string;
}

/** A port that nothing names: whoever may use it may use all. */
const UNNAMED: Port = { protocol: 'TCP', number: 61_001 };
/** Pods get addresses of private networks; this is for nobody to have. */
const OUTSIDE_ADDRESS = '203.0.113.7';

/** Who may talk to whom on which port, as far as one of the two is ours. */
export function reachability({ objects }: Rendering): Row[] {
  const own = ownActors(objects);
  const others = otherActors(objects);
  const ports = uniquePorts([
    ...namedPorts(objects),
    ...own.flatMap(({ pod }) =>
      Object.values(pod?.ports ?? {}).map((number) => ({ protocol: 'TCP', number })),
    ),
    UNNAMED,
  ]);
  return [...own, ...others].flatMap((from) =>
    [...own, ...others]
      .filter((to) => to !== from && (own.includes(from) || own.includes(to)))
      .flatMap((to) => {
        const open = ports.filter((port) => isAllowed({ from, to, port }, objects));
        return open.length === 0 ? [] : [{ from: from.name, to: to.name, ports: portsText(open) }];
      }),
  );
}

export function ownActors(objects: readonly KubeObject[]): Actor[] {
  const namespace = objectsOf(objects, 'Namespace')[0]?.metadata.name ?? '';
  const workloads = workloadsOf(objects).map(({ object, template, labels }, index): Actor => {
    const ports = template.spec.containers.flatMap((container) => container.ports ?? []);
    return {
      name: object.metadata.name,
      address: `10.244.1.${index + 1}`,
      pod: {
        namespace,
        labels,
        ports: Object.fromEntries(
          ports.map(({ name = '', containerPort }) => [name, containerPort]),
        ),
      },
    };
  });
  const database = findObject(objects, { kind: 'Cluster', name: 'tops-ledger' });
  const named = (name: string, index: number, labels: Record<string, string>): Actor => ({
    name,
    address: `10.244.2.${index}`,
    pod: { namespace, labels, ports: {} },
  });
  return [
    ...workloads.sort((left, right) => (left.name < right.name ? 1 : -1)),
    // Two of its instances, so that what goes between them shows.
    ...(database
      ? [
          databaseActor(objects),
          named('another tops-ledger', 2, { 'cnpg.io/cluster': 'tops-ledger' }),
        ]
      : []),
    named('any other pod of the namespace', 3, {}),
  ];
}

/** An instance of the database that the component postgres brings. */
export function databaseActor(objects: readonly KubeObject[]): Actor {
  const namespace = objectsOf(objects, 'Namespace')[0]?.metadata.name ?? '';
  const labels = { 'cnpg.io/cluster': 'tops-ledger' };
  return { name: 'tops-ledger', address: '10.244.2.1', pod: { namespace, labels, ports: {} } };
}

/** Those of the cluster that are known by name, and the addresses that policies name. */
export function otherActors(objects: readonly KubeObject[]): Actor[] {
  const pod = (name: string, namespace: string, labels: Record<string, string> = {}): Actor => ({
    name,
    address: `10.244.3.${namespace.length}`,
    pod: { namespace, labels, ports: {} },
  });
  return [
    pod('ingress controller', 'ingress-nginx'),
    pod('monitoring', 'monitoring'),
    pod('database operator', 'cnpg-system'),
    pod('cluster DNS', 'kube-system', { 'k8s-app': 'kube-dns' }),
    pod('pods of other namespaces', 'elsewhere'),
    { name: 'outside addresses', address: OUTSIDE_ADDRESS },
    // A block that has no address of those above would not show.
    ...namedBlocks(objects)
      .filter((cidr) => !inBlock(OUTSIDE_ADDRESS, { cidr }))
      .map((cidr) => ({ name: `addresses of ${cidr}`, address: cidr.split('/')[0] ?? '' })),
  ];
}

function uniquePorts(ports: readonly Port[]): Port[] {
  const byText = new Map(ports.map((port) => [`${port.protocol} ${port.number}`, port]));
  return [...byText.values()].sort((left, right) => left.number - right.number);
}

function portsText(ports: readonly Port[]): string {
  if (ports.includes(UNNAMED)) return 'every port';
  const protocols = [...new Set(ports.map(({ protocol }) => protocol))].sort();
  return protocols
    .map((protocol) => {
      const numbers = ports
        .filter((port) => port.protocol === protocol)
        .map(({ number }) => number);
      return `${protocol} ${numbers.join(', ')}`;
    })
    .join('; ');
}

/** The rows as a Markdown table, receivers with the same ports in one. */
export function renderReachability(rows: readonly Row[]): string {
  const grouped = new Map<
    string,
    { readonly from: string; readonly ports: string; to: string[] }
  >();
  for (const { from, to, ports } of rows) {
    const key = `${from}|${ports}`;
    const group = grouped.get(key) ?? { from, ports, to: [] };
    group.to.push(to);
    grouped.set(key, group);
  }
  return [
    '| From | To | Ports |',
    '| --- | --- | --- |',
    ...[...grouped.values()].map(
      ({ from, to, ports }) => `| ${from} | ${to.join(', ')} | ${ports} |`,
    ),
  ].join('\n');
}
