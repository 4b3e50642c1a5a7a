import { gpuSettings, parseEnv, type Environment } from '@tops/config';
import {
  createWebGpuKernel,
  listAdapters,
  type AdapterDescription,
  type GemmTrial,
} from '@tops/kernel-webgpu';
import { cliEnv } from '../cli-env.ts';
import { describeError } from '../cli-io.ts';
import { found, type Finding } from './finding.ts';

/** Limits that bound what a GPU can be given. */
const shownLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
];

/** Every adapter Dawn sees, and for the one that would be used which GEMM path wins the trial. */
export async function inspectGpu(env: Environment): Promise<Finding[]> {
  const parsed = parseEnv(cliEnv, env);
  if (!parsed.ok) return [];
  const options = gpuSettings(parsed.values);
  let adapters: AdapterDescription[];
  try {
    adapters = await listAdapters(options);
  } catch (error) {
    return [found('gpu', 'ok', `none: ${describeError(error)}`)];
  }
  if (adapters.length === 0) return [found('gpu', 'ok', 'none: Dawn finds no adapter')];
  const findings = adapters.map((adapter) => found('gpu', 'ok', describeAdapter(adapter)));
  if (adapters.every(({ isSoftware }) => isSoftware) && !options.allowSoftware) return findings;
  try {
    const kernel = await createWebGpuKernel(options);
    findings.push(found('gpu kernel', 'ok', kernel.driverHint));
    findings.push(found('gpu clock', 'ok', describeClock(kernel.adapter)));
    for (const trial of kernel.gemmTrials)
      findings.push(found('gpu gemm', 'ok', describeTrial(trial)));
    await kernel.close();
  } catch (error) {
    findings.push(found('gpu kernel', 'warn', describeError(error)));
  }
  return findings;
}

function describeAdapter(adapter: AdapterDescription): string {
  const { name, driver, isSoftware, features, limits, subgroupMatrixConfigs } = adapter;
  const matrices = subgroupMatrixConfigs.map(
    ({ componentType, resultComponentType, M, N, K }) =>
      `${componentType}→${resultComponentType} ${M}×${N}×${K}`,
  );
  return [
    isSoftware ? `${name} (software)` : name,
    driver,
    shownLimits.map((limit) => `${limit}=${limits[limit] ?? '?'}`).join(' '),
    `subgroup matrices: ${matrices.join(', ') || 'none'}`,
    `features: ${features.join(' ')}`,
  ].join('; ');
}

function describeClock({ features }: AdapterDescription): string {
  return features.includes('timestamp-query')
    ? "timestamp queries: rates below and in /metrics are by the GPU's own clock"
    : "no timestamp queries: rates below and in /metrics are by the wall's clock";
}

function describeTrial({ label, opsPerSecond, droppedBecause }: GemmTrial): string {
  if (droppedBecause !== undefined) return `${label}: dropped, ${droppedBecause}`;
  return opsPerSecond === 0
    ? `${label}: not timed`
    : `${label}: ${(opsPerSecond / 1e9).toFixed(1)} GOP/s`;
}
