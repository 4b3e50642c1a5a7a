/** The key of unkeyed hashes (BLAKE3 paper §2.2): the initial value of SHA-256. */
export const INITIAL_VALUE: Int32Array = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/** Domain flags (BLAKE3 paper §2.2, table 3) as far as messages of one chunk need them. */
export const BlockFlag = {
  chunkStart: 1,
  chunkEnd: 2,
  root: 8,
  keyedHash: 16,
  deriveKeyContext: 32,
  deriveKeyMaterial: 64,
} as const;

export const BLOCK_BYTES = 64;
/** The longest message that is one chunk, and so one chain of compressions. */
export const CHUNK_BYTES = 1024;
