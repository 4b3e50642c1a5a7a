import { blake3KeyedXof, u64le } from '@tops/crypto';

/**
 * Row `index` of the matrix that `key` names: stream(key, i) = BLAKE3.keyed_hash(key, u64(i)) in extendable-output mode,
 * each byte a two's-complement int8 (docs/protocol.md, Streams).
 *
 * @param key - 32 bytes: an attempt key for A, a weights key for W1 and W2
 */
export function streamRow(key: Uint8Array, index: number, lengthBytes: number): Int8Array {
  const bytes = blake3KeyedXof({ key, message: u64le(index), lengthBytes });
  return new Int8Array(bytes.buffer, bytes.byteOffset, lengthBytes);
}
