import { requantise } from '@tops/kernel-spec';

export interface GemmOperands {
  /** rows × depth int8. */
  readonly left: Int8Array;
  /** columns × depth int8: transposed. */
  readonly weights: Int8Array;
  readonly depth: number;
  readonly shift: number;
}

/** A layer, rows × columns int8: the twin of every shaders/gemm-*.wgsl. */
export function gemm({ left, weights, depth, shift }: GemmOperands): Int8Array {
  const rowCount = left.length / depth;
  const columnCount = weights.length / depth;
  const out = new Int8Array(rowCount * columnCount);
  for (let i = 0; i < rowCount; i++) {
    for (let j = 0; j < columnCount; j++) {
      let sum = 0;
      for (let t = 0; t < depth; t++) {
        sum += (left[i * depth + t] ?? 0) * (weights[j * depth + t] ?? 0);
      }
      out[i * columnCount + j] = requantise(sum, shift);
    }
  }
  return out;
}
