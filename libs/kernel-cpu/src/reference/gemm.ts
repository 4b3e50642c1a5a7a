import { requantise } from '@tops/kernel-spec';

/**
 * One row of a layer: out[j] = clamp((Σ_t left[t] · weights[t][j]) >> shift, 0, 127). Sums stay below 2^31
 * (16384 · 2^14), so int32 accumulators are exact.
 *
 * @param left - K int8
 * @param weights - K×N, row-major int8
 */
export function layerRow(
  left: Int8Array,
  weights: Int8Array,
  columnCount: number,
  shift: number,
): Int8Array {
  const sums = new Int32Array(columnCount);
  for (let t = 0; t < left.length; t++) {
    const factor = left[t] ?? 0;
    const start = t * columnCount;
    for (let j = 0; j < columnCount; j++) {
      sums[j] = (sums[j] ?? 0) + factor * (weights[start + j] ?? 0);
    }
  }
  return Int8Array.from(sums, (sum) => requantise(sum, shift));
}
