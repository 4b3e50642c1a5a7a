import { streamRow } from '@tops/kernel-spec';

/** The weights that `key` names, transposed: columns × depth int8. The twin of shaders/weights.wgsl. */
export function transposedWeights(key: Uint8Array, depth: number, columnCount: number): Int8Array {
  const out = new Int8Array(columnCount * depth);
  for (let t = 0; t < depth; t++) {
    streamRow(key, t, columnCount).forEach((weight, j) => {
      out[j * depth + t] = weight;
    });
  }
  return out;
}
