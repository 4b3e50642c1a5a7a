// Operand rows: stream(key, i) = BLAKE3.keyed_hash(key, u64(i)) in extendable-output mode, widened to int16.

import { CHUNK_END, CHUNK_START, KEYED_HASH, ROOT, compress4 } from './compress';

const CV: usize = 0; // 8 vectors
const MESSAGE: usize = 128; // 2 × 16 vectors: compress4 overwrites them
const OUTPUT: usize = 640; // 16 vectors

/** Stores words 4q…4q+3 of four output blocks, each sign-extended from int8 to int16, into the blocks' places. */
function storeQuarter(words: usize, out: usize): void {
  const w0 = v128.load(words, 0);
  const w1 = v128.load(words, 16);
  const w2 = v128.load(words, 32);
  const w3 = v128.load(words, 48);
  const low01 = v128.shuffle<u32>(w0, w1, 0, 4, 1, 5);
  const high01 = v128.shuffle<u32>(w0, w1, 2, 6, 3, 7);
  const low23 = v128.shuffle<u32>(w2, w3, 0, 4, 1, 5);
  const high23 = v128.shuffle<u32>(w2, w3, 2, 6, 3, 7);
  const block0 = v128.shuffle<u64>(low01, low23, 0, 2);
  const block1 = v128.shuffle<u64>(low01, low23, 1, 3);
  const block2 = v128.shuffle<u64>(high01, high23, 0, 2);
  const block3 = v128.shuffle<u64>(high01, high23, 1, 3);
  v128.store(out, i16x8.extend_low_i8x16_s(block0), 0);
  v128.store(out, i16x8.extend_high_i8x16_s(block0), 16);
  v128.store(out, i16x8.extend_low_i8x16_s(block1), 128);
  v128.store(out, i16x8.extend_high_i8x16_s(block1), 144);
  v128.store(out, i16x8.extend_low_i8x16_s(block2), 256);
  v128.store(out, i16x8.extend_high_i8x16_s(block2), 272);
  v128.store(out, i16x8.extend_low_i8x16_s(block3), 384);
  v128.store(out, i16x8.extend_high_i8x16_s(block3), 400);
}

/**
 * Writes one row of `blockCount` output blocks (64 int8 each) as int16, four blocks at a time: `out` needs room for
 * blockCount rounded up to a multiple of four.
 */
function streamRow(rowIndex: u32, blockCount: u32, out: usize, scratch: usize): void {
  const zero = i32x4.splat(0);
  const message = scratch + MESSAGE;
  const words = scratch + OUTPUT;
  for (let block: u32 = 0; block < blockCount; block += 4) {
    v128.store(message, i32x4.splat(rowIndex));
    for (let word: usize = 16; word < 256; word += 16) v128.store(message + word, zero);
    compress4(
      scratch + CV,
      message,
      words,
      i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3)),
      8,
      CHUNK_START | CHUNK_END | ROOT | KEYED_HASH,
    );
    storeQuarter(words, out);
    storeQuarter(words + 64, out + 32);
    storeQuarter(words + 128, out + 64);
    storeQuarter(words + 192, out + 96);
    out += 512;
  }
}

/**
 * Generates operand rows as int16, row-major.
 *
 * @param key 32 bytes
 * @param rowIndices rowCount × u32
 * @param rowBytes bytes of one row before widening, a multiple of 64
 * @param out rowCount rows, `outStride` bytes apart; the last row needs room for rowBytes rounded up to 256
 * @param scratch 1 KiB
 */
export function streamRows(
  key: usize,
  rowIndices: usize,
  rowCount: u32,
  rowBytes: u32,
  out: usize,
  outStride: usize,
  scratch: usize,
): void {
  for (let word: usize = 0; word < 8; word++) {
    v128.store(scratch + CV + (word << 4), v128.load32_splat(key + (word << 2)));
  }
  for (let row: u32 = 0; row < rowCount; row++) {
    streamRow(load<u32>(rowIndices + ((<usize>row) << 2)), rowBytes >> 6, out, scratch);
    out += outStride;
  }
}
