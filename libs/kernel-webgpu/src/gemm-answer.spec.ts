/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { describeGpu, openTestDevice } from '../test/gpu.ts';
import { deepAnswer, edgeAnswer, gemmAnswers, requireGemmAnswer } from './gemm-answer.ts';
import { GemmPath, dot4Variant, plainVariant, softwareTile } from './gemm-path.ts';

const { session } = await openTestDevice();

describe('gemmAnswers', () => {
  it('asks a GPU for more than a software adapter', () => {
    expect(gemmAnswers(true).map(({ depth }) => depth)).toEqual([192]);
    expect(gemmAnswers(false).map(({ depth }) => depth)).toEqual([192, 16_384]);
  });

  it('has a deep answer that shows small numbers, saturation and zero', () => {
    const { expected } = deepAnswer();
    expect([...expected.subarray(0, 6)]).toEqual([20, 20, 20, 20, 20, 20]);
    expect([...expected.subarray(63 * 64, 64 * 64)].every((value) => value === 0)).toBe(true);
    expect(expected[6 * 64 + 6]).toBe(127);
    expect(new Set(expected).size).toBeGreaterThan(40);
  });
});

describeGpu('the known answers of a layer', () => {
  it.each([plainVariant, dot4Variant(softwareTile)])('are reached by $label', async (variant) => {
    const path = await GemmPath.compile(session(), variant);
    for (const answer of gemmAnswers(false)) {
      await expect(requireGemmAnswer(session(), path, answer)).resolves.toBeUndefined();
    }
  });

  it('find out an accumulator with the precision of a float, by depth alone', async () => {
    const edits = [
      ['b: vec4<u32>) -> i32', 'b: vec4<u32>) -> f32'],
      [
        'products.x + products.y + products.z + products.w',
        'f32(products.x + products.y + products.z + products.w)',
      ],
      ['var sums = vec4<i32>()', 'var sums = vec4<f32>()'],
      ['clamp(sums >>', 'clamp(vec4<i32>(sums) >>'],
    ] as const;
    let { code } = plainVariant;
    for (const [from, to] of edits) {
      expect(code).toContain(from);
      code = code.replace(from, to);
    }
    const path = await GemmPath.compile(session(), { ...plainVariant, label: 'float', code });
    await expect(requireGemmAnswer(session(), path, edgeAnswer())).resolves.toBeUndefined();
    await expect(requireGemmAnswer(session(), path, deepAnswer())).rejects.toMatchObject({
      code: 'self_test_failed',
      message: expect.stringMatching(/^depth 16384, row \d+, column \d+: expected \d+, got \d+$/),
    });
  });
});
