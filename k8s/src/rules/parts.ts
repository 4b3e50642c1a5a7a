import { environmentOf } from '../environment.ts';
import { findObject, nameOf, objectsOf, type KubeObject } from '../manifest.ts';
import type { Rule } from '../rule.ts';
import { containerName, workloadsOf, type Container, type PodSpec } from '../workload.ts';

const GPU = 'nvidia.com/gpu';

interface GpuPodSpec extends PodSpec {
  readonly tolerations?: readonly { readonly key?: string }[];
  readonly affinity?: unknown;
}

export const gpuRule: Rule = {
  name: 'gpu',
  reason: 'a GPU image on a node without a GPU, or without its Vulkan driver, computes nothing',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) =>
      workload.template.spec.containers
        .filter(({ image = '' }) => /\/?tops-worker-gpu(?=[:@]|$)/.test(image))
        .flatMap((container) =>
          gpuProblems(container, { spec: workload.template.spec, objects }).map(
            (problem) => `${containerName(workload, container)}: ${problem}`,
          ),
        ),
    ),
};

function gpuProblems(
  container: Container,
  { spec, objects }: { readonly spec: GpuPodSpec; readonly objects: readonly KubeObject[] },
): string[] {
  const env = environmentOf(container, objects);
  const driver = (env['NVIDIA_DRIVER_CAPABILITIES'] ?? '').split(',');
  const count = container.resources?.limits?.[GPU];
  const command = container.startupProbe?.exec?.command;
  return [
    ...(spec.runtimeClassName === 'nvidia' ? [] : ['the runtime class is not nvidia']),
    ...(Number(count) === 1 ? [] : [`expected one ${GPU}, got ${count ?? 'none'}`]),
    ...(driver.includes('graphics')
      ? []
      : ['no Vulkan driver: NVIDIA_DRIVER_CAPABILITIES lacks graphics']),
    ...(env['CPU_FALLBACK'] === '0' ? [] : ['would fall back to the CPU unseen']),
    ...((env['ALLOW_SOFTWARE_GPU'] ?? '0') === '0' ? [] : ['takes a software adapter for a GPU']),
    // None at all is for the rule `probes`.
    ...(command === undefined || /swiftshader.*llvmpipe/i.test(command.join(' '))
      ? []
      : ['the startupProbe lets software adapters pass']),
    ...((spec.tolerations ?? []).some(({ key }) => key === GPU)
      ? []
      : [`does not tolerate the taint ${GPU}`]),
    ...(JSON.stringify(spec.affinity ?? '').includes(`${GPU}.present`)
      ? []
      : ['may be placed on a node without a GPU']),
  ];
}

interface AnalysisStep {
  readonly analysis?: {
    readonly templates?: readonly { readonly templateName: string }[];
    readonly args?: readonly { readonly name: string }[];
  };
}

interface TemplateSpec {
  readonly args?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: unknown;
  }[];
  readonly metrics: readonly { readonly name: string; readonly provider: unknown }[];
}

export const analysisRule: Rule = {
  name: 'analysis',
  reason: 'a canary whose analysis is missing or cannot run is let through, or stuck',
  check: ({ objects }) =>
    objectsOf(objects, 'Rollout').flatMap((rollout) => {
      const { strategy } = rollout['spec'] as {
        strategy: { canary?: { steps?: readonly AnalysisStep[] } };
      };
      const analyses = (strategy.canary?.steps ?? []).flatMap(({ analysis }) => analysis ?? []);
      return [
        ...(analyses.length > 0 ? [] : [`${nameOf(rollout)}: is let through without an analysis`]),
        ...analyses.flatMap(({ templates = [], args = [] }) =>
          templates.flatMap(({ templateName: name }) => {
            const template = findObject(objects, { kind: 'AnalysisTemplate', name });
            return (
              template === undefined
                ? [`no AnalysisTemplate ${name}`]
                : templateProblems(
                    template['spec'] as TemplateSpec,
                    args.map((arg) => arg.name),
                  )
            ).map((problem) => `${nameOf(rollout)}: ${problem}`);
          }),
        ),
      ];
    }),
};

function templateProblems(
  { args = [], metrics }: TemplateSpec,
  given: readonly string[],
): string[] {
  const names = args.map(({ name }) => name);
  const used = [...JSON.stringify(metrics).matchAll(/\{\{args\.([\w-]+)\}\}/g)].map(
    ([, name = '']) => name,
  );
  return [
    ...args
      .filter(
        ({ name, value, valueFrom }) => (value ?? valueFrom) === undefined && !given.includes(name),
      )
      .map(({ name }) => `the analysis is not given ${name}`),
    ...given
      .filter((name) => !names.includes(name))
      .map((name) => `the analysis does not take ${name}`),
    ...[...new Set(used)]
      .filter((name) => !names.includes(name))
      .map((name) => `the analysis has no argument ${name}`),
  ];
}
