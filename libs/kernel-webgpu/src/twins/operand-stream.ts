import { streamRow } from '@tops/kernel-spec';

/** Rows of A one after another, rows × k int8: the twin of shaders/operand-stream.wgsl. */
export function operandStream(key: Uint8Array, rows: readonly number[], k: number): Int8Array {
  const out = new Int8Array(rows.length * k);
  rows.forEach((row, i) => {
    out.set(streamRow(key, row, k), i * k);
  });
  return out;
}
