import { streamRow, weightsKey } from '@tops/kernel-spec';

/** W1 (k×n) and W2 (n×n), row-major int8. */
export interface ReferenceWeights {
  readonly n: number;
  readonly k: number;
  readonly layer1: Int8Array;
  readonly layer2: Int8Array;
}

/** @param pause - awaited after every row, so that a caller on an event loop can let it turn */
export async function referenceWeights(
  n: number,
  k: number,
  pause: () => Promise<void> | undefined,
): Promise<ReferenceWeights> {
  const matrix = async (layer: 1 | 2, rowCount: number): Promise<Int8Array> => {
    const key = weightsKey(layer);
    const rows = new Int8Array(rowCount * n);
    for (let t = 0; t < rowCount; t++) {
      rows.set(streamRow(key, t, n), t * n);
      await pause();
    }
    return rows;
  };
  return { n, k, layer1: await matrix(1, k), layer2: await matrix(2, n) };
}
