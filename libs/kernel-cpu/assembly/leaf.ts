// Leaves and tree nodes: BLAKE3 of equally long inputs, four at a time.

import {
  CHUNK_END,
  CHUNK_START,
  KEYED_HASH,
  PARENT,
  ROOT,
  compress4,
  transposeWords,
} from './compress';

const CV: usize = 0; // 8 vectors
const MESSAGE: usize = 128; // 2 × 16 vectors
const OUTPUT: usize = 640; // 16 vectors
const KEY: usize = 896; // 8 vectors
const STACK: usize = 1024; // 16 chaining values of 8 vectors: a row of 16 KiB has 16 chunks
const CHUNK_BYTES: u32 = 1024;

function loadMessage(r0: usize, r1: usize, r2: usize, r3: usize, message: usize): void {
  for (let word: usize = 0; word < 64; word += 16) {
    transposeWords(
      v128.load(r0 + word),
      v128.load(r1 + word),
      v128.load(r2 + word),
      v128.load(r3 + word),
      message + (word << 2),
    );
  }
}

function copyVectors(from: usize, to: usize): void {
  for (let byte: usize = 0; byte < 128; byte += 16) v128.store(to + byte, v128.load(from + byte));
}

/** Chaining values of one chunk of up to 1024 bytes of four rows, left in words 0–7 of OUTPUT. */
function hashChunk(
  row: usize,
  rowStride: usize,
  bytes: u32,
  chunkIndex: u32,
  modeFlags: u32,
  lastFlags: u32,
  scratch: usize,
): void {
  const r1 = row + rowStride;
  const r2 = r1 + rowStride;
  const r3 = r2 + rowStride;
  copyVectors(scratch + KEY, scratch + CV);
  let flags = modeFlags | CHUNK_START;
  for (let byte: u32 = 0; byte < bytes; byte += 64) {
    if (byte + 64 == bytes) flags |= lastFlags;
    loadMessage(row + byte, r1 + byte, r2 + byte, r3 + byte, scratch + MESSAGE);
    compress4(
      scratch + CV,
      scratch + MESSAGE,
      scratch + OUTPUT,
      i32x4.splat(chunkIndex),
      64,
      flags,
    );
    copyVectors(scratch + OUTPUT, scratch + CV);
    flags = modeFlags;
  }
}

/** Folds 2^d chunk chaining values on the stack to one, level by level (BLAKE3 §2.1: parents share key and flags). */
function foldChunks(count: u32, modeFlags: u32, scratch: usize): void {
  const stack = scratch + STACK;
  for (; count > 1; count >>= 1) {
    for (let parent: u32 = 0; parent < count; parent += 2) {
      const message = scratch + MESSAGE;
      copyVectors(stack + ((<usize>parent) << 7), message);
      copyVectors(stack + ((<usize>(parent + 1)) << 7), message + 128);
      const flags = modeFlags | PARENT | (count == 2 ? ROOT : 0);
      compress4(scratch + KEY, message, scratch + OUTPUT, i32x4.splat(0), 64, flags);
      copyVectors(scratch + OUTPUT, stack + ((<usize>parent) << 6));
    }
  }
}

/** Stores the first eight words of OUTPUT as four hashes, `hashCount` of them wanted. */
function storeHashes(scratch: usize, out: usize, hashCount: u32): void {
  const words = scratch + OUTPUT;
  for (let lane: u32 = 0; lane < hashCount; lane++) {
    for (let word: u32 = 0; word < 8; word++) {
      store<u32>(out + (word << 2), load<u32>(words + (word << 4) + (lane << 2)));
    }
    out += 32;
  }
}

/**
 * Hashes `inputCount` inputs of `inputBytes` each, `inputStride` apart, to 32 bytes each.
 *
 * inputBytes is a multiple of 64 up to 1024, or 2048, 4096, 8192, 16384. `keyed` selects BLAKE3.keyed_hash, else `key` is
 * BLAKE3's initial value. Inputs are read in fours: up to three rows beyond the last are read, and ignored.
 *
 * @param scratch 3 KiB
 */
export function hashRows(
  key: usize,
  keyed: bool,
  inputs: usize,
  inputStride: usize,
  inputCount: u32,
  inputBytes: u32,
  out: usize,
  scratch: usize,
): void {
  for (let word: usize = 0; word < 8; word++) {
    v128.store(scratch + KEY + (word << 4), v128.load32_splat(key + (word << 2)));
  }
  const modeFlags: u32 = keyed ? KEYED_HASH : 0;
  const chunkCount = inputBytes / CHUNK_BYTES;
  for (let input: u32 = 0; input < inputCount; input += 4) {
    if (chunkCount <= 1) {
      hashChunk(inputs, inputStride, inputBytes, 0, modeFlags, CHUNK_END | ROOT, scratch);
    } else {
      for (let chunk: u32 = 0; chunk < chunkCount; chunk++) {
        const start = inputs + chunk * CHUNK_BYTES;
        hashChunk(start, inputStride, CHUNK_BYTES, chunk, modeFlags, CHUNK_END, scratch);
        copyVectors(scratch + OUTPUT, scratch + STACK + ((<usize>chunk) << 7));
      }
      foldChunks(chunkCount, modeFlags, scratch);
    }
    const remaining = inputCount - input;
    storeHashes(scratch, out, remaining < 4 ? remaining : 4);
    inputs += inputStride << 2;
    out += 128;
  }
}
