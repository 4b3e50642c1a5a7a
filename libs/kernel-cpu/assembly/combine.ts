// Sums and differences of two blocks of operands: what Strassen's products are made of.

/**
 * out = x + y or x − y, int16. Operands of int8 stay exact through seven levels; a level doubles the largest value.
 *
 * @param x rowCount rows of `rowBytes` (a multiple of 16), `stride` bytes apart, as those of y
 */
export function combineBlocks(
  x: usize,
  y: usize,
  isDifference: u32,
  stride: usize,
  rowCount: u32,
  rowBytes: usize,
  out: usize,
  outStride: usize,
): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    if (isDifference) {
      for (let at: usize = 0; at < rowBytes; at += 16) {
        v128.store(out + at, i16x8.sub(v128.load(x + at), v128.load(y + at)));
      }
    } else {
      for (let at: usize = 0; at < rowBytes; at += 16) {
        v128.store(out + at, i16x8.add(v128.load(x + at), v128.load(y + at)));
      }
    }
    x += stride;
    y += stride;
    out += outStride;
  }
}
