import { blake3DeriveKey, concatBytes, u32le, u64le } from '@tops/crypto';
import type { Shape } from '@tops/protocol';

const ATTEMPT_KEY_CONTEXT = 'tops-worker 2026 attempt-key v2';
const WEIGHTS_KEY_CONTEXT = 'tops-worker 2026 weights-key v2';

/** All a kernel needs to know: the key that every operand row and leaf hangs on, and the sizes. */
export interface Attempt {
  /** 32 bytes, see {@link deriveAttemptKey}. */
  readonly attemptKey: Uint8Array;
  readonly shape: Shape;
}

/**
 * attempt_key (docs/protocol.md, Streams): binds beacon, worker, nonce and shape, so no operand is known before the
 * epoch opens and none serves two attempts.
 *
 * @param input - `prevHash` and `publicKey` 32 bytes each, `nonce` an integer from 0 to 2^53−1
 * @returns 32 bytes
 * @throws RangeError when a field has another length or is out of range
 */
export function deriveAttemptKey(input: {
  readonly prevHash: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly nonce: number;
  readonly shape: Shape;
}): Uint8Array {
  const { prevHash, publicKey, nonce, shape } = input;
  require32Bytes('prevHash', prevHash);
  require32Bytes('publicKey', publicKey);
  if (!Number.isSafeInteger(nonce) || nonce < 0) {
    throw new RangeError(`nonce: expected an integer from 0 to 2^53-1, got ${nonce}`);
  }
  return blake3DeriveKey(
    ATTEMPT_KEY_CONTEXT,
    concatBytes(prevHash, publicKey, u64le(nonce), u32le(shape.m), u32le(shape.k), u32le(shape.n)),
  );
}

/** weights_key_L (docs/protocol.md, Streams), 32 bytes: the same for everyone, so weights may be cached for ever. */
export function weightsKey(layer: 1 | 2): Uint8Array {
  return blake3DeriveKey(WEIGHTS_KEY_CONTEXT, u32le(layer));
}

function require32Bytes(name: string, bytes: Uint8Array): void {
  if (bytes.length !== 32) {
    throw new RangeError(`${name}: expected 32 bytes, got ${bytes.length}`);
  }
}
