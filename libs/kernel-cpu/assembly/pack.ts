// Operands in the order the micro-kernel reads them. Weights: panels of 8 columns, and within a panel pairs of consecutive
// rows, so that one 32-byte step holds w[t][c], w[t+1][c] for its 8 columns and i32x4.dot_i16x8_s adds both products. Left
// operands: tiles of 4 rows, whose pairs of consecutive columns take turns.

import { transposeWords } from './compress';

/**
 * Interleaves 4 int16 rows into a tile: the pair of columns 2t, 2t + 1 of row r is word 4t + r.
 *
 * @param rows row-major int16, `rowStride` bytes apart
 * @param columnCount a multiple of 8
 * @param tile 4 · columnCount int16
 */
export function interleaveRows(rows: usize, rowStride: usize, columnCount: u32, tile: usize): void {
  const row1 = rows + rowStride;
  const row2 = row1 + rowStride;
  const row3 = row2 + rowStride;
  const rowBytes = (<usize>columnCount) << 1;
  for (let at: usize = 0; at < rowBytes; at += 16) {
    transposeWords(
      v128.load(rows + at),
      v128.load(row1 + at),
      v128.load(row2 + at),
      v128.load(row3 + at),
      tile + (at << 2),
    );
  }
}

/**
 * Interleaves `rowCount` (even) int16 rows into the panels.
 *
 * @param rows row-major int16, `rowStride` bytes apart, the first one being an even row of the matrix
 * @param packed address of the first row's pair in panel 0; panels lie `panelStride` bytes apart
 */
export function packRows(
  rows: usize,
  rowStride: usize,
  rowCount: u32,
  columnCount: u32,
  packed: usize,
  panelStride: usize,
): void {
  for (let column: u32 = 0; column < columnCount; column += 8) {
    let from = rows + ((<usize>column) << 1);
    let to = packed;
    for (let row: u32 = 0; row < rowCount; row += 2) {
      const even = v128.load(from);
      const odd = v128.load(from + rowStride);
      v128.store(to, v128.shuffle<u16>(even, odd, 0, 8, 1, 9, 2, 10, 3, 11), 0);
      v128.store(to, v128.shuffle<u16>(even, odd, 4, 12, 5, 13, 6, 14, 7, 15), 16);
      from += rowStride << 1;
      to += 32;
    }
    packed += panelStride;
  }
}
