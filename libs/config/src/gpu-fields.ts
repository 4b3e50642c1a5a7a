import type { EnvValues } from './env-schema.ts';
import { choice, flag, integer } from './fields.ts';
import { text } from './text-fields.ts';

const tileSize = (describe: string, max: number) => integer({ describe, min: 1, max });

/** Variables that choose the GPU and how it multiplies: the worker and the command line read the same ones. */
export const gpuFields = {
  WEBGPU_ADAPTER: text({
    describe: 'Part of the name of the GPU to use; the first match wins.',
    pattern: /^[\x20-\x7e]{1,128}$/,
    expected: 'printable ASCII, 128 characters at most',
  }),
  WEBGPU_BACKEND: choice({
    describe: "Graphics interface to reach it through; Dawn's choice when unset.",
    values: ['vulkan', 'metal', 'd3d12', 'd3d11', 'opengl', 'opengles'],
  }),
  ALLOW_SOFTWARE_GPU: flag({
    describe: '1 takes a software adapter (SwiftShader, lavapipe) for a GPU: for tests.',
    default: false,
  }),
  TM: tileSize('Rows of outputs an invocation of the dot4 GEMM keeps in registers.', 16),
  TN: tileSize('Columns of them: 4, 8, 12 or 16; TM·TN at most 64.', 16),
  TK: tileSize('Depth of one step in workgroup memory, a multiple of 16.', 512),
  WG_M: tileSize('Rows of invocations in a workgroup.', 256),
  WG_N: tileSize('Columns of invocations in a workgroup.', 256),
} as const;

/** The same as settings; what is unset is absent. */
export interface GpuSettings {
  readonly allowSoftware: boolean;
  readonly adapter?: string;
  readonly backend?: string;
  readonly tile?: Partial<Record<'TM' | 'TN' | 'TK' | 'WG_M' | 'WG_N', number>>;
}

export function gpuSettings(values: EnvValues<typeof gpuFields>): GpuSettings {
  const { WEBGPU_ADAPTER, WEBGPU_BACKEND, ALLOW_SOFTWARE_GPU, TM, TN, TK, WG_M, WG_N } = values;
  const tile = Object.fromEntries(
    Object.entries({ TM, TN, TK, WG_M, WG_N }).filter(([, size]) => size !== undefined),
  );
  return {
    allowSoftware: ALLOW_SOFTWARE_GPU,
    ...(WEBGPU_ADAPTER !== undefined && { adapter: WEBGPU_ADAPTER }),
    ...(WEBGPU_BACKEND !== undefined && { backend: WEBGPU_BACKEND }),
    ...(Object.keys(tile).length > 0 && { tile }),
  };
}
