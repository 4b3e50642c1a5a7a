// Products of int16 operands for a pass of rows, added to exact int32 sums.

function multiplyAdd(sum: v128, left: v128, right: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(left, right));
}

function addRow(at: usize, low: v128, high: v128): void {
  v128.store(at, i32x4.add(v128.load(at), low), 0);
  v128.store(at, i32x4.add(v128.load(at, 16), high), 16);
}

function subtractRow(at: usize, low: v128, high: v128): void {
  v128.store(at, i32x4.sub(v128.load(at), low), 0);
  v128.store(at, i32x4.sub(v128.load(at, 16), high), 16);
}

/**
 * One panel of 8 columns: 4 × 8 tiles over the whole inner dimension, so that sums leave the registers once and the panel
 * stays in the first-level cache while the rows pass by. The four rows of a tile lie interleaved (see `interleaveRows`): a
 * step finds its four pairs in one cache line, where rows of their own would touch four.
 *
 * Eight accumulators, two weight vectors, four splats and one product are exactly the 15 registers V8 allocates. Its
 * scheduler lifts every load of a basic block to the block's top, which spills in an unrolled body; the exits that are
 * never taken (`w` is a multiple of 16) end the block after each step at the price of one fused compare. V8
 * folds no offset into the address of a splat, so `a` advances with every step: the loop has few enough addresses to keep
 * them all in registers.
 *
 * A function of its own, called once a panel: V8 swaps baseline for optimised code between calls only, and a whole layer
 * would be one long call.
 */
function panel(
  left: usize,
  tileStride: usize,
  rowCount: u32,
  panelStart: usize,
  panelBytes: usize,
  sums0: usize,
  sums1: usize,
  sums2: usize,
  sums3: usize,
  subtracted: u32,
): void {
  const panelEnd = panelStart + panelBytes;
  for (let row: u32 = 0; row < rowCount; row += 4) {
    let low0 = i32x4.splat(0);
    let low1 = i32x4.splat(0);
    let low2 = i32x4.splat(0);
    let low3 = i32x4.splat(0);
    let high0 = i32x4.splat(0);
    let high1 = i32x4.splat(0);
    let high2 = i32x4.splat(0);
    let high3 = i32x4.splat(0);
    let a = left;
    let w = panelStart;
    let wl: v128;
    let wh: v128;
    let s0: v128;
    let s1: v128;
    let s2: v128;
    let s3: v128;
    while (true) {
      wl = v128.load(w, 0);
      wh = v128.load(w, 16);
      s0 = v128.load32_splat(a, 0);
      s1 = v128.load32_splat(a, 4);
      s2 = v128.load32_splat(a, 8);
      s3 = v128.load32_splat(a, 12);
      a += 16;
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      if (w == 1) break;

      wl = v128.load(w, 32);
      wh = v128.load(w, 48);
      s0 = v128.load32_splat(a, 0);
      s1 = v128.load32_splat(a, 4);
      s2 = v128.load32_splat(a, 8);
      s3 = v128.load32_splat(a, 12);
      a += 16;
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      if (w == 2) break;

      wl = v128.load(w, 64);
      wh = v128.load(w, 80);
      s0 = v128.load32_splat(a, 0);
      s1 = v128.load32_splat(a, 4);
      s2 = v128.load32_splat(a, 8);
      s3 = v128.load32_splat(a, 12);
      a += 16;
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      if (w == 3) break;

      wl = v128.load(w, 96);
      wh = v128.load(w, 112);
      s0 = v128.load32_splat(a, 0);
      s1 = v128.load32_splat(a, 4);
      s2 = v128.load32_splat(a, 8);
      s3 = v128.load32_splat(a, 12);
      a += 16;
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      w += 128;
      if (w == panelEnd) break;
    }
    // Written out for each block of sums: a loop over them costs as much as the additions. Where there are more than two, there
    // are four.
    const rowAt = (<usize>row) << 5;
    let at = sums0 + rowAt;
    if (subtracted & 1) {
      subtractRow(at, low0, high0);
      subtractRow(at + 32, low1, high1);
      subtractRow(at + 64, low2, high2);
      subtractRow(at + 96, low3, high3);
    } else {
      addRow(at, low0, high0);
      addRow(at + 32, low1, high1);
      addRow(at + 64, low2, high2);
      addRow(at + 96, low3, high3);
    }
    if (sums1) {
      at = sums1 + rowAt;
      if (subtracted & 2) {
        subtractRow(at, low0, high0);
        subtractRow(at + 32, low1, high1);
        subtractRow(at + 64, low2, high2);
        subtractRow(at + 96, low3, high3);
      } else {
        addRow(at, low0, high0);
        addRow(at + 32, low1, high1);
        addRow(at + 64, low2, high2);
        addRow(at + 96, low3, high3);
      }
      if (sums2) {
        at = sums2 + rowAt;
        if (subtracted & 4) {
          subtractRow(at, low0, high0);
          subtractRow(at + 32, low1, high1);
          subtractRow(at + 64, low2, high2);
          subtractRow(at + 96, low3, high3);
        } else {
          addRow(at, low0, high0);
          addRow(at + 32, low1, high1);
          addRow(at + 64, low2, high2);
          addRow(at + 96, low3, high3);
        }
        at = sums3 + rowAt;
        if (subtracted & 8) {
          subtractRow(at, low0, high0);
          subtractRow(at + 32, low1, high1);
          subtractRow(at + 64, low2, high2);
          subtractRow(at + 96, low3, high3);
        } else {
          addRow(at, low0, high0);
          addRow(at + 32, low1, high1);
          addRow(at + 64, low2, high2);
          addRow(at + 96, low3, high3);
        }
      }
    }
    left += tileStride;
  }
}

/** Zeroes a range, where TypedArray.fill on shared memory would go byte by byte. */
export function clear(address: usize, byteLength: usize): void {
  memory.fill(address, 0, byteLength);
}

/**
 * sums += left · weights, exact modulo 2^32, for up to four blocks of sums at once: what one product of a Strassen
 * level contributes to.
 *
 * @param left rowCount (a multiple of 4) rows of int16 as `interleaveRows` writes them, tiles `tileStride` bytes apart
 * @param depth inner dimension, a multiple of 8
 * @param packed weights as packRows writes them, panels `panelStride` bytes apart
 * @param columnCount a multiple of 8
 * @param sums0 panels of 8 columns, `sumsPanelStride` bytes apart, each rowCount rows of 8 int32; so are sums1 to sums3, of
 *   which none, the first or all three are given, 0 in place of the others
 * @param subtracted bit i: the product is subtracted from sums i instead
 */
export function gemm(
  left: usize,
  tileStride: usize,
  rowCount: u32,
  depth: u32,
  packed: usize,
  panelStride: usize,
  columnCount: u32,
  sums0: usize,
  sums1: usize,
  sums2: usize,
  sums3: usize,
  sumsPanelStride: usize,
  subtracted: u32,
): void {
  const panelBytes = (<usize>depth) << 4;
  for (let column: u32 = 0; column < columnCount; column += 8) {
    panel(left, tileStride, rowCount, packed, panelBytes, sums0, sums1, sums2, sums3, subtracted);
    packed += panelStride;
    sums0 += sumsPanelStride;
    if (sums1) sums1 += sumsPanelStride;
    if (sums2) sums2 += sumsPanelStride;
    if (sums3) sums3 += sumsPanelStride;
  }
}
