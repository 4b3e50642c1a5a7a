import {
  defineEnv,
  formatConfigError,
  gpuSettings,
  parseEnv,
  type Environment,
} from '@tops/config';
import {
  createCpuKernel,
  createReferenceKernel,
  type CpuKernel,
  type CpuKernelChoice,
} from '@tops/kernel-cpu';
import { KernelError, type Kernel } from '@tops/kernel-spec';
import { createWebGpuKernel } from '@tops/kernel-webgpu';
import { cliEnv, cpuKernelField } from './cli-env.ts';
import { CliError, exitCode } from './cli-io.ts';

export const backends = ['reference', 'cpu', 'webgpu'] as const;
export type Backend = (typeof backends)[number];

/**
 * Opens what computes. The caller closes the kernel.
 *
 * @param env - for the webgpu backend: which GPU, and whether a software one will do
 * @throws CliError where there is no such device, or the variables that choose it are wrong
 */
export async function openKernel(backend: Backend, env: Environment): Promise<Kernel> {
  switch (backend) {
    case 'reference':
      return createReferenceKernel();
    case 'cpu':
      return openCpuKernel(env);
    case 'webgpu':
      return openGpu(env);
  }
}

/** KERNEL_CPU, whatever else is wrong with the environment. @throws CliError */
export function cpuKernelChoice(env: Environment): CpuKernelChoice {
  const parsed = parseEnv(defineEnv({ KERNEL_CPU: cpuKernelField }), env);
  if (parsed.ok) return parsed.values.KERNEL_CPU;
  throw new CliError(parsed.errors.map(formatConfigError).join('\n'), exitCode.unusable);
}

/** Opens the CPU kernel that KERNEL_CPU names. @throws CliError where it cannot be had */
export async function openCpuKernel(env: Environment): Promise<CpuKernel> {
  try {
    return await createCpuKernel({ choice: cpuKernelChoice(env) });
  } catch (cause) {
    if (!(cause instanceof KernelError && cause.code === 'addon_unavailable')) throw cause;
    throw new CliError(cause.message, exitCode.unusable, { cause });
  }
}

async function openGpu(env: Environment): Promise<Kernel> {
  const parsed = parseEnv(cliEnv, env);
  if (!parsed.ok) {
    throw new CliError(parsed.errors.map(formatConfigError).join('\n'), exitCode.unusable);
  }
  try {
    return await createWebGpuKernel(gpuSettings(parsed.values));
  } catch (cause) {
    const isUsers =
      cause instanceof RangeError ||
      (cause instanceof KernelError && cause.code === 'device_unavailable');
    if (!isUsers) throw cause;
    throw new CliError(cause.message, exitCode.unusable, { cause });
  }
}
