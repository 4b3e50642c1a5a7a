// From sums to the next layer's operands: clamp(sum >> shift, 0, 127).

import { transposeWords } from './compress';

/** Eight neighbouring sums, as int16. */
function requantise(sums: usize, shift: i32): v128 {
  const low = i32x4.shr_s(v128.load(sums), shift);
  const high = i32x4.shr_s(v128.load(sums, 16), shift);
  const narrow = i16x8.narrow_i32x4_s(low, high);
  return i16x8.min_s(i16x8.max_s(narrow, i16x8.splat(0)), i16x8.splat(127));
}

/**
 * Layer 1's result as layer 2's left operand.
 *
 * @param sums panels of 8 columns as `gemm` leaves them, `panelStride` bytes apart
 * @param rowCount a multiple of 4
 * @param columnCount a multiple of 8
 * @param out rowCount rows of int16 as `interleaveRows` writes them, tiles `tileStride` bytes apart
 */
export function requantiseToInt16(
  sums: usize,
  panelStride: usize,
  rowCount: u32,
  columnCount: u32,
  shift: i32,
  out: usize,
  tileStride: usize,
): void {
  for (let column: u32 = 0; column < columnCount; column += 8) {
    let from = sums;
    let to = out;
    for (let row: u32 = 0; row < rowCount; row += 4) {
      transposeWords(
        requantise(from, shift),
        requantise(from + 32, shift),
        requantise(from + 64, shift),
        requantise(from + 96, shift),
        to,
      );
      from += 128;
      to += tileStride;
    }
    sums += panelStride;
    out += 64;
  }
}

/**
 * Layer 2's result as the bytes that are hashed.
 *
 * @param sums panels of 8 columns as `gemm` leaves them, `panelStride` bytes apart
 * @param columnCount a multiple of 16
 * @param out rowCount rows of int8, `outStride` bytes apart
 */
export function requantiseToInt8(
  sums: usize,
  panelStride: usize,
  rowCount: u32,
  columnCount: u32,
  shift: i32,
  out: usize,
  outStride: usize,
): void {
  for (let column: u32 = 0; column < columnCount; column += 16) {
    let from = sums;
    let to = out;
    for (let row: u32 = 0; row < rowCount; row++) {
      const low = requantise(from, shift);
      const high = requantise(from + panelStride, shift);
      v128.store(to, i8x16.narrow_i16x8_s(low, high));
      from += 32;
      to += outStride;
    }
    sums += panelStride << 1;
    out += 16;
  }
}
