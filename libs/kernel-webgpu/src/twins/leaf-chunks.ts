import { CHUNK_END, CHUNK_START, KEYED_HASH, ROOT, compress, wordsOf } from './blake3.ts';

/** Bytes of a BLAKE3 chunk and of a block (specification §2.1). */
export const CHUNK_BYTES = 1024;
export const BLOCK_BYTES = 64;

/**
 * Chunks of the rows of Y2, eight words each: leaves where n ≤ 1024, else chaining values for hash-pairs. The twin of
 * shaders/leaf-chunks.wgsl.
 *
 * @param rows - rows × n bytes
 */
export function leafChunks(key: Uint8Array, rows: Uint8Array, n: number): Uint32Array {
  const chunkBytes = Math.min(n, CHUNK_BYTES);
  const chunksPerRow = n / chunkBytes;
  const out = new Uint32Array((rows.length / chunkBytes) * 8);
  const endFlags = CHUNK_END | (chunksPerRow === 1 ? ROOT : 0);
  for (let first = 0; first < rows.length; first += chunkBytes) {
    const chunk = first / chunkBytes;
    let chain = wordsOf(key);
    for (let offset = 0; offset < chunkBytes; offset += BLOCK_BYTES) {
      const start = first + offset;
      const isLast = offset + BLOCK_BYTES === chunkBytes;
      const flags = KEYED_HASH | (offset === 0 ? CHUNK_START : 0) | (isLast ? endFlags : 0);
      const block = wordsOf(rows.subarray(start, start + BLOCK_BYTES));
      const counter = chunk % chunksPerRow;
      chain = compress({ chain, block, counter, blockBytes: BLOCK_BYTES, flags }).slice(0, 8);
    }
    out.set(chain, chunk * 8);
  }
  return out;
}
