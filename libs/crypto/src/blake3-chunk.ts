import { compressInPlace } from './blake3-compress.ts';
import { BLOCK_BYTES, BlockFlag, INITIAL_VALUE } from './blake3-constants.ts';

const OUT_BYTES = 32;

// Reused by every call: nothing here awaits or calls back, so no two hashes are ever under way at the same time.
const block = new Int32Array(BLOCK_BYTES / 4);
const chainingValue = new Int32Array(OUT_BYTES / 4);

/** The bytes of 8 words as they key a hash. */
export function keyWords(key: Uint8Array): Int32Array {
  const words = new Int32Array(OUT_BYTES / 4);
  loadWords(words, 0, key, 0, OUT_BYTES);
  return words;
}

/**
 * BLAKE3 of a message that fits one chunk (BLAKE3 paper §2.4): its 32-byte output.
 *
 * @param message - at most CHUNK_BYTES.
 * @param key - 8 words: INITIAL_VALUE for a plain hash.
 * @param modeFlags - of the mode: 0, keyedHash, deriveKeyContext or deriveKeyMaterial.
 */
export function hashChunk(
  message: Uint8Array,
  key: Int32Array = INITIAL_VALUE,
  modeFlags = 0,
): Uint8Array {
  chainingValue.set(key);
  let flags = modeFlags | BlockFlag.chunkStart;
  let offset = 0;
  for (; message.length - offset > BLOCK_BYTES; offset += BLOCK_BYTES) {
    loadWords(block, 0, message, offset, BLOCK_BYTES);
    compressInPlace(chainingValue, block, BLOCK_BYTES, flags);
    flags = modeFlags;
  }
  const lastBytes = message.length - offset;
  block.fill(0);
  loadWords(block, 0, message, offset, lastBytes);
  compressInPlace(chainingValue, block, lastBytes, flags | BlockFlag.chunkEnd | BlockFlag.root);
  return wordsToBytes(chainingValue);
}

/** BLAKE3(left ‖ right) of two 32-byte hashes: one block, so one compression, and no joined copy. */
export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  chainingValue.set(INITIAL_VALUE);
  loadWords(block, 0, left, 0, OUT_BYTES);
  loadWords(block, OUT_BYTES / 4, right, 0, OUT_BYTES);
  compressInPlace(chainingValue, block, BLOCK_BYTES, SINGLE_BLOCK);
  return wordsToBytes(chainingValue);
}

const SINGLE_BLOCK = BlockFlag.chunkStart | BlockFlag.chunkEnd | BlockFlag.root;

/** Little-endian words, whatever the machine's order and the bytes' alignment; a last word that is cut short ends in zeros. */
function loadWords(
  words: Int32Array,
  firstWord: number,
  bytes: Uint8Array,
  offset: number,
  lengthBytes: number,
): void {
  const end = offset + lengthBytes;
  let word = firstWord;
  let at = offset;
  for (; at + 4 <= end; at += 4) {
    words[word++] =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
  }
  if (at === end) return;
  let last = 0;
  for (let shift = 0; at < end; at++, shift += 8) last |= (bytes[at] as number) << shift;
  words[word] = last;
}

function wordsToBytes(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(OUT_BYTES);
  for (let i = 0; i < OUT_BYTES; i += 4) {
    const word = words[i >> 2] as number;
    bytes[i] = word;
    bytes[i + 1] = word >>> 8;
    bytes[i + 2] = word >>> 16;
    bytes[i + 3] = word >>> 24;
  }
  return bytes;
}
