import { layer1Shift, layer2Shift, leafHash, streamRow, type Attempt } from '@tops/kernel-spec';
import { layerRow } from './gemm.ts';
import type { ReferenceWeights } from './weights.ts';

/** The leaf of one row, from operands to hash, as docs/protocol.md states it. 32 bytes. */
export function referenceLeaf(
  attempt: Attempt,
  weights: ReferenceWeights,
  row: number,
): Uint8Array {
  const { n, k } = attempt.shape;
  const a = streamRow(attempt.attemptKey, row, k);
  const y1 = layerRow(a, weights.layer1, n, layer1Shift(k));
  const y2 = layerRow(y1, weights.layer2, n, layer2Shift(n));
  return leafHash(attempt.attemptKey, y2);
}
