import { nameOf, objectsOf, selects, type KubeObject } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { scaleOf } from '../scale.ts';
import { workloadsOf, type WorkloadSpec } from '../workload.ts';

export const disruptionRule: Rule = {
  name: 'disruption',
  reason:
    'a budget that allows no eviction holds up every drain of a node; none at all allows every',
  check: ({ objects }) => {
    const budgets = objectsOf(objects, 'PodDisruptionBudget');
    return workloadsOf(objects)
      .filter(({ object }) => object.kind === 'Deployment')
      .flatMap(({ object, labels }) => {
        const own = budgets.filter((budget) =>
          selects((budget['spec'] as WorkloadSpec).selector, labels),
        );
        if (own.length !== 1) return [`${nameOf(object)}: expected one budget, got ${own.length}`];
        return own.flatMap((budget) => budgetProblems(budget, scaleOf(object, objects).min));
      });
  },
};

function budgetProblems(budget: KubeObject, replicaCount: number): string[] {
  const { maxUnavailable, minAvailable } = budget['spec'] as {
    maxUnavailable?: number | string;
    minAvailable?: number | string;
  };
  const evictable =
    maxUnavailable === undefined ? replicaCount - Number(minAvailable) : Number(maxUnavailable);
  return evictable >= 1 ? [] : [`${nameOf(budget)}: allows no eviction of ${replicaCount}`];
}

export const spreadRule: Rule = {
  name: 'spread',
  reason: 'replicas on one node go down with it',
  check: ({ objects }) =>
    workloadsOf(objects)
      .filter(({ object }) => object.kind === 'Deployment')
      .flatMap(({ object, template, labels }) => {
        const constraints = template.spec.topologySpreadConstraints ?? [];
        return constraints.some(({ labelSelector }) => selects(labelSelector, labels))
          ? []
          : [`${nameOf(object)}: is not spread over nodes`];
      }),
};

/** kustomize ends generated names in a hash of ten characters. */
const hashed = /-[a-z0-9]{10}$/;

export const configHashRule: Rule = {
  name: 'config-hash',
  reason: 'a changed setting rolls the pods only when the name of its ConfigMap changes too',
  check: ({ objects }) =>
    objectsOf(objects, 'ConfigMap')
      .filter(({ metadata }) => !hashed.test(metadata.name))
      .map((object) => `${nameOf(object)}: has no hash in its name`),
};

const metricName = /\btops_(?:worker|verifier)_[a-z0-9_]+/g;

export const metricsRule: Rule = {
  name: 'metrics',
  reason: 'an analysis, autoscaler or alert on a metric that does not exist never acts',
  check: ({ objects }, { metricNames }) => {
    const services = objectsOf(objects, 'Service');
    return [
      ...objects.flatMap((object) =>
        ['AnalysisTemplate', 'HorizontalPodAutoscaler', 'PrometheusRule'].includes(object.kind)
          ? [...new Set(JSON.stringify(object['spec']).match(metricName) ?? [])]
              .filter((name) => !isMetric(name, object, metricNames))
              .map((name) => `${nameOf(object)}: no metric ${name}`)
          : [],
      ),
      ...objectsOf(objects, 'ServiceMonitor').flatMap((monitor) => {
        const { jobLabel = '', selector } = monitor['spec'] as WorkloadSpec & { jobLabel?: string };
        return services
          .filter((service) => selects(selector, service.metadata.labels))
          .map((service) => service.metadata.labels?.[jobLabel])
          .filter((job) => job !== 'tops-worker' && job !== 'tops-verifier')
          .map(
            (job) => `${nameOf(monitor)}: the job is ${job ?? 'nothing'}, which no rule asks for`,
          );
      }),
    ];
  },
};

function isMetric(name: string, object: KubeObject, known: ReadonlySet<string>): boolean {
  const family = name.replace(/_(bucket|sum|count)$/, '');
  if (known.has(name) || known.has(family)) return true;
  // Recording rules name their results after metrics: level:metric:operation.
  const text = JSON.stringify(object['spec']);
  return !new RegExp(`(?<![\\w:])${name}(?![\\w:])`).test(text);
}
