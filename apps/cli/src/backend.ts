import { createCpuKernel, createReferenceKernel } from '@tops/kernel-cpu';
import type { Kernel } from '@tops/kernel-spec';
import { CliError, exitCode } from './cli-io.ts';

export const backends = ['reference', 'cpu', 'webgpu'] as const;
export type Backend = (typeof backends)[number];

/** @throws CliError for a backend that is not built in. The caller closes the kernel. */
export async function openKernel(backend: Backend): Promise<Kernel> {
  switch (backend) {
    case 'reference':
      return createReferenceKernel();
    case 'cpu':
      return createCpuKernel();
    case 'webgpu':
      throw new CliError(
        'the webgpu backend needs kernel-webgpu, which this build does not have; use cpu or reference',
        exitCode.unusable,
      );
  }
}
