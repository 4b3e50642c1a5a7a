import { formatConfigError, gpuSettings, parseEnv, type Environment } from '@tops/config';
import { createCpuKernel, createReferenceKernel } from '@tops/kernel-cpu';
import { KernelError, type Kernel } from '@tops/kernel-spec';
import { createWebGpuKernel } from '@tops/kernel-webgpu';
import { cliEnv } from './cli-env.ts';
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
      return createCpuKernel();
    case 'webgpu':
      return openGpu(env);
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
