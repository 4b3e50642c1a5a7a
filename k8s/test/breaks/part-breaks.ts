import { WORKER, type Break } from './break.ts';
import { containerOf, remove, type Loose } from '../rendered.ts';

export const partBreaks: readonly Break[] = [
  {
    rule: 'gpu',
    what: 'two GPUs for one worker',
    in: 'gpu-nvidia',
    target: WORKER,
    change: (object) => {
      const { resources } = containerOf(object);
      resources.limits['nvidia.com/gpu'] = 2;
      resources.requests['nvidia.com/gpu'] = 2;
    },
  },
  {
    rule: 'gpu',
    what: 'a driver without graphics',
    in: 'production',
    target: WORKER,
    change: (object) => {
      const { env } = containerOf(object);
      const variable = env.find(({ name }: Loose) => name === 'NVIDIA_DRIVER_CAPABILITIES');
      variable.value = 'compute,utility';
    },
  },
  {
    rule: 'gpu',
    what: 'the runtime of every pod',
    in: 'gpu-nvidia',
    target: WORKER,
    change: ({ spec }) => {
      delete spec.template.spec.runtimeClassName;
    },
  },
  {
    rule: 'gpu',
    what: 'nodes of any kind',
    in: 'production',
    target: WORKER,
    change: ({ spec }) => {
      delete spec.template.spec.affinity;
    },
  },
  {
    rule: 'gpu',
    what: 'an untolerated taint',
    in: 'production',
    target: WORKER,
    change: ({ spec }) => {
      spec.template.spec.tolerations = [];
    },
  },
  {
    rule: 'gpu',
    what: 'a fallback to the CPU',
    in: 'gpu-nvidia',
    target: 'ConfigMap tops-worker-config',
    change: ({ data }) => {
      data.CPU_FALLBACK = '1';
    },
  },
  {
    rule: 'analysis',
    what: 'no analysis at all',
    in: 'production',
    target: 'Rollout tops-verifier',
    change: ({ spec }) => {
      const { canary } = spec.strategy;
      canary.steps = canary.steps.filter(({ analysis }: Loose) => analysis === undefined);
    },
  },
  {
    rule: 'analysis',
    what: 'a template that is not there',
    in: 'canary',
    target: 'AnalysisTemplate tops-verifier',
    change: (_object, objects) => remove(objects, 'AnalysisTemplate', 'tops-verifier'),
  },
  {
    rule: 'analysis',
    what: 'an argument that is not given',
    in: 'production',
    target: 'AnalysisTemplate tops-verifier',
    change: ({ spec }) => {
      spec.args.push({ name: 'cluster' });
    },
  },
  {
    rule: 'analysis',
    what: 'a query of an argument that there is not',
    in: 'production',
    target: 'AnalysisTemplate tops-verifier',
    change: ({ spec }) => {
      spec.metrics[0].provider.prometheus.address = 'http://{{args.server}}';
    },
  },
];
