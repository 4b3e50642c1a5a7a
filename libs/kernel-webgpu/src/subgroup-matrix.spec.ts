/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { describeGpu } from '../test/gpu.ts';
import { findAdapter, type AdapterDescription } from './device/adapter.ts';
import { openDevice } from './device/device-session.ts';
import { GemmPath, subgroupMatrixVariants } from './gemm-path.ts';
import { subgroupMatrixSources } from './shaders/sources.ts';

const adapter: AdapterDescription = {
  name: 'a GPU with tensor cores',
  vendor: '',
  architecture: '',
  driver: '',
  isSoftware: false,
  features: ['chromium-experimental-subgroup-matrix'],
  limits: { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupStorageSize: 49_152 },
  subgroupMatrixConfigs: [
    { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 },
    { componentType: 'i8', resultComponentType: 'i32', M: 16, N: 16, K: 32 },
    { componentType: 'i8', resultComponentType: 'i32', M: 5, N: 5, K: 5 },
  ],
  subgroupSizes: { min: 32, max: 32 },
};

describe('subgroupMatrixVariants', () => {
  it('takes the int8 sizes there is a shader for, in both readings of the load', () => {
    const variants = subgroupMatrixVariants(adapter);
    expect(variants.map(({ label }) => label)).toEqual([
      'subgroup-matrix 16x16x32 4x2 unit 4',
      'subgroup-matrix 16x16x32 4x2 unit 1',
      'subgroup-matrix 16x16x32 2x2 unit 4',
      'subgroup-matrix 16x16x32 2x2 unit 1',
    ]);
    expect(variants[0]).toMatchObject({ workgroupRows: 256, workgroupColumns: 128 });
  });

  it.each([
    { why: 'without the feature', change: { features: [] } },
    { why: 'where the subgroup size varies', change: { subgroupSizes: { min: 8, max: 32 } } },
    { why: 'where nothing fits a workgroup', change: { limits: {} } },
    { why: 'without sizes', change: { subgroupMatrixConfigs: [] } },
  ])('offers nothing $why', ({ change }) => {
    expect(subgroupMatrixVariants({ ...adapter, ...change })).toEqual([]);
  });
});

describeGpu('the subgroup-matrix shaders', () => {
  // No software adapter multiplies subgroup matrices; Dawn's null backend at least checks and specialises the shaders.
  it.each(Object.keys(subgroupMatrixSources))('pass validation for %s', async (size) => {
    const [M, N, K] = size.split('x').map(Number) as [number, number, number];
    const session = await openDevice(await findAdapter({ backend: 'null' }));
    try {
      const { max } = session.adapter.subgroupSizes;
      const [variant] = subgroupMatrixVariants({
        ...adapter,
        subgroupMatrixConfigs: [{ componentType: 'i8', resultComponentType: 'i32', M, N, K }],
      });
      const constants = {
        ...variant!.constants,
        SUBGROUP_SIZE: max,
        SUBGROUPS_M: 2,
        SUBGROUPS_N: 1,
      };
      await expect(GemmPath.compile(session, { ...variant!, constants })).resolves.toBeDefined();
      const misfit = { ...constants, SUBGROUP_SIZE: max / 2, SUBGROUPS_M: 1 };
      await expect(
        GemmPath.compile(session, { ...variant!, constants: misfit }),
      ).rejects.toMatchObject({ code: 'device_failed' });
    } finally {
      session.close();
    }
  });
});
