import { BlockList } from 'node:net';
import { objectsOf, selects, type KubeObject, type LabelSelector } from '../manifest.ts';

export interface Port {
  readonly protocol: string;
  readonly number: number;
}

/** Somebody who may send or receive: a pod, or an address outside of the cluster. */
export interface Actor {
  readonly name: string;
  readonly address: string;
  /** Absent outside. */
  readonly pod?: {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    /** Ports by name. */
    readonly ports: Readonly<Record<string, number>>;
  };
}

export interface Peer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface PolicyPort {
  readonly protocol?: string;
  readonly port?: string | number;
  readonly endPort?: number;
}

interface PolicyRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly PolicyPort[];
}

interface PolicySpec {
  readonly podSelector: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

type Direction = 'Ingress' | 'Egress';

interface Attempt {
  readonly from: Actor;
  readonly to: Actor;
  readonly port: Port;
}

/**
 * Whether the NetworkPolicies let a connection through: the sender's have to allow it to leave, and the receiver's to come in.
 * Actors that none of them selects are bound by nothing, as are those of other namespaces, whose policies are not known.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export function isAllowed(attempt: Attempt, objects: readonly KubeObject[]): boolean {
  return passes('Egress', attempt, objects) && passes('Ingress', attempt, objects);
}

function passes(direction: Direction, attempt: Attempt, objects: readonly KubeObject[]): boolean {
  const [own, peer] =
    direction === 'Egress' ? [attempt.from, attempt.to] : [attempt.to, attempt.from];
  const { pod } = own;
  if (pod === undefined) return true;
  const policies = objectsOf(objects, 'NetworkPolicy').filter((policy) => {
    const spec = policySpec(policy);
    return (
      policy.metadata.namespace === pod.namespace &&
      selects(spec.podSelector, pod.labels) &&
      typesOf(spec).includes(direction)
    );
  });
  if (policies.length === 0) return true;
  return policies.some((policy) => {
    const { ingress = [], egress = [] } = policySpec(policy);
    return (direction === 'Egress' ? egress : ingress).some(
      ({ from, to, ports }) =>
        peerMatches(direction === 'Egress' ? to : from, {
          actor: peer,
          namespace: pod.namespace,
        }) && portMatches(ports, attempt),
    );
  });
}

export function policySpec(policy: KubeObject): PolicySpec {
  return policy['spec'] as PolicySpec;
}

/** Without types it is about ingress, and about egress only when it has a rule of it: an empty list denies nothing. */
function typesOf({ policyTypes = [], egress = [] }: PolicySpec): readonly string[] {
  if (policyTypes.length > 0) return policyTypes;
  return egress.length === 0 ? ['Ingress'] : ['Ingress', 'Egress'];
}

export function peerMatches(
  peers: readonly Peer[] | undefined,
  { actor, namespace }: { readonly actor: Actor; readonly namespace: string },
): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some(({ ipBlock, podSelector, namespaceSelector }) => {
    // Whether a block covers pods too is left to the network plug-in: where it may, it is taken to.
    if (ipBlock !== undefined) return inBlock(actor.address, ipBlock);
    const { pod } = actor;
    if (pod === undefined) return false;
    const inNamespace =
      namespaceSelector === undefined
        ? pod.namespace === namespace
        : selects(namespaceSelector, { 'kubernetes.io/metadata.name': pod.namespace });
    return inNamespace && (podSelector === undefined || selects(podSelector, pod.labels));
  });
}

export function inBlock(
  address: string,
  { cidr, except = [] }: NonNullable<Peer['ipBlock']>,
): boolean {
  const isIn = (block: string): boolean => {
    const list = new BlockList();
    const [network = '', bits = ''] = block.split('/');
    if (!isBlock(block)) throw new RangeError(`expected a block such as 10.0.0.0/8, got ${block}`);
    list.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4');
    return list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  };
  return isIn(cidr) && !except.some(isIn);
}

export function isBlock(text: string): boolean {
  return /^[^/]+\/\d{1,3}$/.test(text);
}

function portMatches(ports: readonly PolicyPort[] | undefined, { to, port }: Attempt): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some((each) => {
    if ((each.protocol ?? 'TCP') !== port.protocol) return false;
    if (each.port === undefined) return true;
    const first = typeof each.port === 'number' ? each.port : to.pod?.ports[each.port];
    return first !== undefined && port.number >= first && port.number <= (each.endPort ?? first);
  });
}

/** Whether some policy denies both ways for every pod of the namespace, and allows nothing itself. */
export function hasDefaultDeny(objects: readonly KubeObject[]): boolean {
  return objectsOf(objects, 'NetworkPolicy').some((policy) => {
    const spec = policySpec(policy);
    const selectsAll =
      Object.keys(spec.podSelector.matchLabels ?? {}).length === 0 &&
      (spec.podSelector.matchExpressions ?? []).length === 0;
    const types = typesOf(spec);
    const allowsNothing = (spec.ingress ?? []).length === 0 && (spec.egress ?? []).length === 0;
    return selectsAll && allowsNothing && types.includes('Ingress') && types.includes('Egress');
  });
}

/** Every block of addresses that a policy names as a peer. */
export function namedBlocks(objects: readonly KubeObject[]): string[] {
  const blocks = objectsOf(objects, 'NetworkPolicy').flatMap((policy) => {
    const { ingress = [], egress = [] } = policySpec(policy);
    return [...ingress, ...egress].flatMap(({ from = [], to = [] }) =>
      [...from, ...to].flatMap(({ ipBlock }) => ipBlock?.cidr ?? []),
    );
  });
  return [...new Set(blocks)].sort();
}

/** Every port that a policy names, which is where the answer may change. */
export function namedPorts(objects: readonly KubeObject[]): Port[] {
  return objectsOf(objects, 'NetworkPolicy').flatMap((policy) => {
    const { ingress = [], egress = [] } = policySpec(policy);
    return [...ingress, ...egress].flatMap(({ ports = [] }) =>
      ports.flatMap(({ protocol = 'TCP', port, endPort }) =>
        [port, endPort].flatMap((number) =>
          typeof number === 'number' ? [{ protocol, number }] : [],
        ),
      ),
    );
  });
}
