import {
  findObject,
  nameOf,
  objectsOf,
  selects,
  type KubeObject,
  type LabelSelector,
} from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { rolloutSpec, autoscalerSpec, rolloutOf } from '../scale.ts';
import { workloadsOf, type Workload, type WorkloadSpec } from '../workload.ts';

export const selectorsRule: Rule = {
  name: 'selectors',
  reason: 'a selector that meets nothing fails silently',
  check: ({ objects }) => {
    const workloads = workloadsOf(objects);
    const unmet = (object: KubeObject, selector: LabelSelector | undefined): string[] =>
      workloads.some(({ labels }) => selects(selector, labels))
        ? []
        : [`${nameOf(object)}: its selector meets no pod`];
    return [
      ...workloads.flatMap(ownSelector),
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

function ownSelector({ object, labels }: Workload): string[] {
  if (!['Deployment', 'StatefulSet', 'DaemonSet'].includes(object.kind)) return [];
  const { selector } = object['spec'] as WorkloadSpec;
  const isEmpty = Object.keys(selector?.matchLabels ?? {}).length === 0;
  return selects(selector, labels) && !isEmpty
    ? []
    : [`${nameOf(object)}: its selector does not meet its own pods`];
}

export const scaleTargetsRule: Rule = {
  name: 'scale-targets',
  reason:
    'an autoscaler without its target does nothing, and one beside replicas fights every apply',
  check: ({ objects }) => [
    ...objectsOf(objects, 'HorizontalPodAutoscaler').flatMap((autoscaler) => {
      const { scaleTargetRef, minReplicas = 1, maxReplicas } = autoscalerSpec(autoscaler);
      const target = findObject(objects, scaleTargetRef);
      const name = `${scaleTargetRef.kind} ${scaleTargetRef.name}`;
      if (target === undefined) return [`${nameOf(autoscaler)}: no ${name}`];
      const { replicas } = target['spec'] as WorkloadSpec;
      return [
        ...(rolloutOf(target, objects)
          ? [`${nameOf(autoscaler)}: ${name} is scaled by a Rollout`]
          : []),
        ...(replicas === undefined ? [] : [`${nameOf(autoscaler)}: ${name} says replicas itself`]),
        ...(minReplicas <= maxReplicas
          ? []
          : [`${nameOf(autoscaler)}: minReplicas over maxReplicas`]),
      ];
    }),
    ...objectsOf(objects, 'Rollout').flatMap((rollout) => {
      const { workloadRef } = rolloutSpec(rollout);
      if (workloadRef === undefined) return [];
      const target = findObject(objects, workloadRef);
      if (target === undefined)
        return [`${nameOf(rollout)}: no ${workloadRef.kind} ${workloadRef.name}`];
      // Argo scales it down; an apply that says otherwise would bring the old pods back.
      const { replicas } = target['spec'] as WorkloadSpec;
      return replicas === undefined
        ? []
        : [`${nameOf(rollout)}: ${nameOf(target)} says replicas itself`];
    }),
  ],
};
