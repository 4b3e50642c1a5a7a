import { isDeepStrictEqual } from 'node:util';
import {
  findObject,
  nameOf,
  objectsOf,
  selects,
  type KubeObject,
  type LabelSelector,
} from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { rolloutSpec, autoscalerSpec, rolloutOf, type ObjectRef } from '../scale.ts';
import { workloadsOf, type Workload, type WorkloadSpec } from '../workload.ts';

export const selectorsRule: Rule = {
  name: 'selectors',
  reason: 'a selector that meets nothing fails silently',
  check: ({ objects }) => {
    const workloads = workloadsOf(objects);
    const unmet = (object: KubeObject, selector: LabelSelector | undefined): string[] => {
      const met = workloads.filter(({ labels }) => selects(selector, labels));
      if (met.length === 1) return [];
      const names = met.map((workload) => nameOf(workload.object));
      return [
        `${nameOf(object)}: expected its selector to meet one, got ${names.join(', ') || 'none'}`,
      ];
    };
    return [
      ...workloads.flatMap(ownSelector),
      ...workloads
        .filter(({ object }) => owners.includes(object.kind))
        .flatMap(({ object }) => unmet(object, (object['spec'] as WorkloadSpec).selector)),
      ...objectsOf(objects, 'Service').flatMap((object) => unmet(object, serviceSelector(object))),
      ...objectsOf(objects, 'PodDisruptionBudget').flatMap((object) =>
        unmet(object, (object['spec'] as WorkloadSpec).selector),
      ),
      ...objectsOf(objects, 'Rollout').flatMap((object) =>
        unmet(object, rolloutSpec(object).selector),
      ),
      ...objectsOf(objects, 'ServiceMonitor').flatMap((object) =>
        objectsOf(objects, 'Service').some((service) =>
          selects((object['spec'] as WorkloadSpec).selector, service.metadata.labels),
        )
          ? []
          : [`${nameOf(object)}: its selector meets no Service`],
      ),
    ];
  },
};

export function serviceSelector(service: KubeObject): LabelSelector | undefined {
  const { selector } = service['spec'] as { selector?: Readonly<Record<string, string>> };
  return selector && { matchLabels: selector };
}

/** Kinds that take pods for theirs by a selector. */
const owners = ['Deployment', 'StatefulSet', 'DaemonSet'];

function ownSelector({ object, labels }: Workload): string[] {
  if (!owners.includes(object.kind)) return [];
  const { selector } = object['spec'] as WorkloadSpec;
  const isEmpty = Object.keys(selector?.matchLabels ?? {}).length === 0;
  return selects(selector, labels) && !isEmpty
    ? []
    : [`${nameOf(object)}: its selector does not meet its own pods`];
}

function referred(wanted: ObjectRef, objects: readonly KubeObject[]): KubeObject | undefined {
  const found = findObject(objects, wanted);
  return found?.apiVersion === wanted.apiVersion ? found : undefined;
}

export const scaleTargetsRule: Rule = {
  name: 'scale-targets',
  reason:
    'an autoscaler without its target does nothing, and one beside replicas fights every apply',
  check: ({ objects }) => [
    ...objectsOf(objects, 'HorizontalPodAutoscaler').flatMap((autoscaler) => {
      const { scaleTargetRef, minReplicas = 1, maxReplicas } = autoscalerSpec(autoscaler);
      const target = referred(scaleTargetRef, objects);
      const name = `${scaleTargetRef.kind} ${scaleTargetRef.name}`;
      if (target === undefined) {
        return [`${nameOf(autoscaler)}: no ${scaleTargetRef.apiVersion} ${name}`];
      }
      const rivals = objectsOf(objects, 'HorizontalPodAutoscaler').filter((each) =>
        isDeepStrictEqual(autoscalerSpec(each).scaleTargetRef, scaleTargetRef),
      );
      const { replicas } = target['spec'] as WorkloadSpec;
      return [
        ...(rolloutOf(target, objects)
          ? [`${nameOf(autoscaler)}: ${name} is scaled by a Rollout`]
          : []),
        ...(rivals.length === 1 ? [] : [`${nameOf(autoscaler)}: ${name} has ${rivals.length}`]),
        ...(replicas === undefined ? [] : [`${nameOf(autoscaler)}: ${name} says replicas itself`]),
        ...(minReplicas <= maxReplicas
          ? []
          : [`${nameOf(autoscaler)}: minReplicas over maxReplicas`]),
      ];
    }),
    ...objectsOf(objects, 'Rollout').flatMap((rollout) => {
      const { workloadRef } = rolloutSpec(rollout);
      if (workloadRef === undefined) return [];
      const target = referred(workloadRef, objects);
      if (target === undefined) {
        const { apiVersion, kind, name } = workloadRef;
        return [`${nameOf(rollout)}: no ${apiVersion} ${kind} ${name}`];
      }
      // Argo scales it down; an apply that says otherwise would bring the old pods back.
      const { replicas } = target['spec'] as WorkloadSpec;
      return replicas === undefined
        ? []
        : [`${nameOf(rollout)}: ${nameOf(target)} says replicas itself`];
    }),
  ],
};
