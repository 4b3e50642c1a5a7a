import { WORKER, VERIFIER, type Break } from './break.ts';
import { containerOf, remove } from '../rendered.ts';

export const operationBreaks: readonly Break[] = [
  {
    rule: 'disruption',
    what: 'a budget that allows no eviction',
    in: 'staging',
    target: 'PodDisruptionBudget tops-verifier',
    change: ({ spec }) => {
      delete spec.maxUnavailable;
      spec.minAvailable = 1;
    },
  },
  {
    rule: 'disruption',
    what: 'no budget',
    in: 'production',
    target: 'PodDisruptionBudget tops-worker',
    change: (_object, objects) => remove(objects, 'PodDisruptionBudget', 'tops-worker'),
  },
  {
    rule: 'spread',
    what: 'a spread of other pods',
    in: 'production',
    target: WORKER,
    change: ({ spec }) => {
      for (const constraint of spec.template.spec.topologySpreadConstraints) {
        constraint.labelSelector = { matchLabels: { app: 'tops-worker' } };
      }
    },
  },
  {
    rule: 'config-hash',
    what: 'settings under a fixed name',
    in: 'staging',
    target: 'ConfigMap tops-worker-config',
    change: (map, objects) => {
      map.metadata.name = 'tops-worker-config';
      const worker = objects.find(
        ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'tops-worker',
      );
      containerOf(worker).envFrom[0].configMapRef.name = 'tops-worker-config';
    },
  },
  {
    rule: 'metrics',
    what: 'an analysis of a metric that does not exist',
    in: 'production',
    target: 'AnalysisTemplate tops-verifier',
    change: ({ spec }) => {
      const { prometheus } = spec.metrics[0].provider;
      prometheus.query = prometheus.query.replaceAll('receipts_total', 'receipt_total');
    },
  },
  {
    rule: 'metrics',
    what: 'an autoscaler on a metric that does not exist',
    in: 'autoscaling-custom',
    target: 'HorizontalPodAutoscaler tops-verifier',
    change: ({ spec }) => {
      spec.metrics[0].pods.metric.name = 'tops_verifier_receipts_in_flight';
    },
  },
  {
    rule: 'metrics',
    what: 'a job that no rule asks for',
    in: 'production',
    target: 'ServiceMonitor tops-worker',
    change: ({ spec }) => {
      delete spec.jobLabel;
    },
  },
  {
    rule: 'images',
    what: 'a tag that moves',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).image = 'ghcr.io/tops-worker/tops-verifier:latest';
    },
  },
  {
    rule: 'overlay-plan',
    what: 'fewer verifiers than planned',
    in: 'production',
    target: 'HorizontalPodAutoscaler tops-verifier',
    change: ({ spec }) => {
      spec.minReplicas = 2;
    },
  },
  {
    rule: 'overlay-plan',
    what: 'a production that logs for debugging',
    in: 'production',
    target: 'ConfigMap tops-worker-config',
    change: ({ data }) => {
      data.LOG_LEVEL = 'debug';
    },
  },
  {
    rule: 'overlay-plan',
    what: 'no alerts',
    in: 'production',
    target: 'PrometheusRule tops-worker',
    change: (_object, objects) => remove(objects, 'PrometheusRule', 'tops-worker'),
  },
];
