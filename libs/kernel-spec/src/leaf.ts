import { blake3Keyed } from '@tops/crypto';

/**
 * leaf_i = BLAKE3.keyed_hash(attempt_key, Y2[i] as n bytes), 32 bytes (docs/protocol.md, Commitment).
 *
 * @param y2Row - one row of the second layer's output, values 0…127
 */
export function leafHash(attemptKey: Uint8Array, y2Row: Int8Array | Uint8Array): Uint8Array {
  return blake3Keyed(attemptKey, new Uint8Array(y2Row.buffer, y2Row.byteOffset, y2Row.byteLength));
}
