// Projects that import this library compile it with their own tsconfig, which does not list this declaration.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference
/// <reference path="../wgsl.d.ts" />
import blake3 from './blake3.wgsl';
import gemmDot4 from './gemm-dot4.wgsl';
import gemmPlain from './gemm-plain.wgsl';
import gemmSubgroupMatrix from './gemm-subgroup-matrix.wgsl';
import hashPairs from './hash-pairs.wgsl';
import leafChunks from './leaf-chunks.wgsl';
import operandStream from './operand-stream.wgsl';
import matrix16x16x16 from './subgroup-matrix-16x16x16.wgsl';
import matrix16x16x32 from './subgroup-matrix-16x16x32.wgsl';
import matrix16x8x32 from './subgroup-matrix-16x8x32.wgsl';
import matrix8x16x32 from './subgroup-matrix-8x16x32.wgsl';
import matrixDirectives from './subgroup-matrix-directives.wgsl';
import weights from './weights.wgsl';

/** Whole shader modules, by the name of their file. */
export const shaderSources = {
  'operand-stream': blake3 + operandStream,
  weights: blake3 + weights,
  'leaf-chunks': blake3 + leafChunks,
  'hash-pairs': blake3 + hashPairs,
  'gemm-plain': gemmPlain,
  'gemm-dot4': gemmDot4,
} as const;

export type ShaderName = keyof typeof shaderSources;

/** The subgroup-matrix layer for the sizes (M×N×K of an i8 × i8 → i32 product) that adapters are known to list. */
export const subgroupMatrixSources: Readonly<Record<string, string>> = {
  '16x16x32': matrixDirectives + matrix16x16x32 + gemmSubgroupMatrix,
  '16x8x32': matrixDirectives + matrix16x8x32 + gemmSubgroupMatrix,
  '16x16x16': matrixDirectives + matrix16x16x16 + gemmSubgroupMatrix,
  '8x16x32': matrixDirectives + matrix8x16x32 + gemmSubgroupMatrix,
};
