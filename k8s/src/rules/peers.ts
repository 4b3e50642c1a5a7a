import { nameOf, objectsOf, selects } from '../manifest.ts';
import { peerMatches, policySpec, type Peer } from '../reachability/policies.ts';
import { databaseActor, otherActors, ownActors } from '../reachability/table.ts';
import type { Rule } from '../rule.ts';

export const policyPeersRule: Rule = {
  name: 'policy-peers',
  reason:
    'a policy for pods or peers that nobody has allows nothing, and the table does not show it',
  check: ({ objects }) => {
    const own = ownActors(objects);
    // Policies name the database also where there is none yet.
    const pods = [...own, databaseActor(objects)];
    const actors = [...pods, ...otherActors(objects)];
    const portNames = own.flatMap(({ pod }) => Object.keys(pod?.ports ?? {}));
    return objectsOf(objects, 'NetworkPolicy').flatMap((policy) => {
      const { podSelector, ingress = [], egress = [] } = policySpec(policy);
      const namespace = policy.metadata.namespace ?? '';
      const rules = [...ingress, ...egress];
      const isMet = (peer: Peer): boolean =>
        actors.some((actor) => peerMatches([peer], { actor, namespace }));
      return [
        ...(pods.some(({ pod }) => selects(podSelector, pod?.labels))
          ? []
          : ['its selector meets no pod']),
        ...rules
          .flatMap(({ from = [], to = [] }) => [...from, ...to])
          .filter((peer) => Object.keys(peer).length === 0 || !isMet(peer))
          .map((peer) => `nobody is the peer ${JSON.stringify(peer)}`),
        ...rules
          .flatMap(({ ports = [] }) => ports.flatMap(({ port }) => port ?? []))
          .filter((port) => typeof port === 'string' && !portNames.includes(port))
          .map((port) => `nobody has the port ${port}`),
      ].map((problem) => `${nameOf(policy)}: ${problem}`);
    });
  },
};
