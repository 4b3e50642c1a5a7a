import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js';
import { hashChunk, keyWords } from './blake3-chunk.ts';
import { BlockFlag, CHUNK_BYTES, INITIAL_VALUE } from './blake3-constants.ts';
import { CryptoError, requireByteLength } from './crypto-error.ts';

// Messages of one chunk, which is every one of a receipt's way, go through our own few lines; longer ones and extended
// outputs through @noble/hashes, which the specs hold the short ones against.

const KEY_BYTES = 32;
const utf8 = new TextEncoder();
/** Contexts are constants of the code, so there are few; the bound holds whatever a caller does. */
const CONTEXT_KEYS_MAX = 64;
const contextKeys = new Map<string, Int32Array>();

/** BLAKE3 `hash` (BLAKE3 paper §2), 32 bytes. */
export function blake3(message: Uint8Array): Uint8Array {
  return message.length <= CHUNK_BYTES ? hashChunk(message) : nobleBlake3(message);
}

/**
 * BLAKE3 `keyed_hash`, 32 bytes.
 *
 * @throws CryptoError `length_invalid` unless the key has 32 bytes
 */
export function blake3Keyed(key: Uint8Array, message: Uint8Array): Uint8Array {
  requireByteLength('key', key, KEY_BYTES);
  return message.length <= CHUNK_BYTES
    ? hashChunk(message, keyWords(key), BlockFlag.keyedHash)
    : nobleBlake3(message, { key });
}

/**
 * BLAKE3 `derive_key`, 32 bytes.
 *
 * @param context - hard-coded, globally unique and application-specific (BLAKE3 paper §2.3); UTF-8 encoded here
 */
export function blake3DeriveKey(context: string, material: Uint8Array): Uint8Array {
  const contextBytes = utf8.encode(context);
  if (contextBytes.length > CHUNK_BYTES || material.length > CHUNK_BYTES) {
    return nobleBlake3(material, { context: contextBytes });
  }
  let words = contextKeys.get(context);
  if (words === undefined) {
    words = keyWords(hashChunk(contextBytes, INITIAL_VALUE, BlockFlag.deriveKeyContext));
    if (contextKeys.size < CONTEXT_KEYS_MAX) contextKeys.set(context, words);
  }
  return hashChunk(material, words, BlockFlag.deriveKeyMaterial);
}

/**
 * BLAKE3 `keyed_hash` in extendable-output mode: the first `lengthBytes` bytes of the output stream.
 *
 * @throws CryptoError `length_invalid` for a key that has not 32 bytes or a length that is no non-negative integer
 */
export function blake3KeyedXof(options: {
  key: Uint8Array;
  message: Uint8Array;
  lengthBytes: number;
}): Uint8Array {
  requireByteLength('key', options.key, KEY_BYTES);
  if (!Number.isSafeInteger(options.lengthBytes) || options.lengthBytes < 0) {
    throw new CryptoError('length_invalid', 'lengthBytes: expected a non-negative integer');
  }
  return nobleBlake3(options.message, { key: options.key, dkLen: options.lengthBytes });
}
