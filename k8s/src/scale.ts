import { findObject, objectsOf, type KubeObject } from './manifest.ts';
import type { WorkloadSpec } from './workload.ts';

/** Another object, as specs name it. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

interface AutoscalerSpec {
  readonly scaleTargetRef: ObjectRef;
  readonly minReplicas?: number;
  readonly maxReplicas: number;
}

interface RolloutSpec extends WorkloadSpec {
  readonly workloadRef?: ObjectRef;
}

export interface Scale {
  readonly min: number;
  readonly max: number;
}

export function autoscalerSpec(object: KubeObject): AutoscalerSpec {
  return object['spec'] as AutoscalerSpec;
}

export function rolloutSpec(object: KubeObject): RolloutSpec {
  return object['spec'] as RolloutSpec;
}

/** The Rollout that takes its pods from a workload, if there is one. */
export function rolloutOf(
  workload: KubeObject,
  objects: readonly KubeObject[],
): KubeObject | undefined {
  return objectsOf(objects, 'Rollout').find((rollout) => {
    const { workloadRef } = rolloutSpec(rollout);
    return workloadRef?.kind === workload.kind && workloadRef.name === workload.metadata.name;
  });
}

/** How many pods of a workload there are meant to be: by its autoscaler, its Rollout's, or what it says itself. */
export function scaleOf(workload: KubeObject, objects: readonly KubeObject[]): Scale {
  const owner = rolloutOf(workload, objects) ?? workload;
  const autoscaler = objectsOf(objects, 'HorizontalPodAutoscaler').find((object) => {
    const { scaleTargetRef } = autoscalerSpec(object);
    return (
      findObject(objects, scaleTargetRef) !== undefined &&
      scaleTargetRef.kind === owner.kind &&
      scaleTargetRef.name === owner.metadata.name
    );
  });
  if (autoscaler !== undefined) {
    const { minReplicas = 1, maxReplicas } = autoscalerSpec(autoscaler);
    return { min: minReplicas, max: maxReplicas };
  }
  const { replicas = 1 } = owner['spec'] as WorkloadSpec;
  return { min: replicas, max: replicas };
}
