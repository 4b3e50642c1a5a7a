// Weights in the order the micro-kernel reads them: panels of 8 columns, and within a panel pairs of consecutive rows,
// so that one 32-byte step holds w[t][c], w[t+1][c] for its 8 columns and i32x4.dot_i16x8_s adds both products.

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
