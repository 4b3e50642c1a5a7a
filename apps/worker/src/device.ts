import type { ConfigError } from '@tops/config';
import { createCpuKernel, type CpuKernel } from '@tops/kernel-cpu';

/** CPU_FALLBACK=0 demands a GPU: until there is a GPU kernel, saying so beats computing on the CPU in silence. */
export function deviceProblem(cpuFallback: string | undefined): ConfigError | undefined {
  if (cpuFallback?.trim() !== '0') return undefined;
  return {
    variable: 'CPU_FALLBACK',
    expected: '1',
    got: '"0", which demands a GPU',
    hint: 'libs/kernel-webgpu is not part of this build yet',
  };
}

/**
 * Opens the compute device: the CPU kernel, known-answer test included.
 *
 * @throws KernelError `self_test_failed`, `thread_failed`
 */
export async function openKernel(options: {
  readonly threadCount: number | undefined;
}): Promise<CpuKernel> {
  const { threadCount } = options;
  return await createCpuKernel(threadCount === undefined ? {} : { threadCount });
}
