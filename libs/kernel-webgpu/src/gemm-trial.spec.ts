/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { beforeAll, expect, it } from '@jest/globals';
import { describeGpu, openTestDevice } from '../test/gpu.ts';
import { plainVariant, type GemmVariant } from './gemm-path.ts';
import { chooseGemmPath } from './gemm-trial.ts';
import { Stages } from './stages.ts';

const { session } = await openTestDevice();

function changed(label: string, from: string, to: string): GemmVariant {
  const code = plainVariant.code.replace(from, to);
  if (code === plainVariant.code) throw new Error(`the shader no longer holds ${from}`);
  return { ...plainVariant, label, code };
}

const wrongVariants = [
  changed('wrong lane', 'lane_of(b, 3u)', 'lane_of(b, 2u)'),
  changed('wrong clamp', 'vec4(127i)', 'vec4(126i)'),
  changed('skips the end', 't < vectors', 't < vectors - 1u'),
];
const refused = changed('refused', 'fn main', 'fn main main');

describeGpu('chooseGemmPath', () => {
  let stages: Stages;
  beforeAll(async () => {
    stages = await Stages.compile(session());
  });

  it.each(wrongVariants)('drops a variant with a known wrong answer: $label', async (wrong) => {
    const { path, trials } = await chooseGemmPath(session(), stages, [wrong, plainVariant]);
    expect(path.variant).toBe(plainVariant);
    expect(trials).toEqual([
      expect.not.objectContaining({ droppedBecause: expect.anything() }),
      expect.objectContaining({
        label: wrong.label,
        droppedBecause: expect.stringMatching(
          /^depth 192, row \d+, column \d+: expected -?\d+, got -?\d+$/,
        ),
      }),
    ]);
  });

  it('drops a variant the device refuses, and fails when none is left', async () => {
    const { path, trials } = await chooseGemmPath(session(), stages, [refused, plainVariant]);
    expect(path.variant).toBe(plainVariant);
    expect(trials[1]?.droppedBecause).toContain('WGSL');
    await expect(chooseGemmPath(session(), stages, [refused])).rejects.toMatchObject({
      code: 'self_test_failed',
      message: expect.stringContaining('refused'),
    });
  });
});
