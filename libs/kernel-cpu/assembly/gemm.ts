// Products of int16 operands for a chunk of rows, added to exact int32 sums.

function multiplyAdd(sum: v128, left: v128, right: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(left, right));
}

/** Adds one row of a tile to its sums, or subtracts it. */
function accumulate(at: usize, low: v128, high: v128, isSubtracted: u32): void {
  if (isSubtracted) {
    v128.store(at, i32x4.sub(v128.load(at), low), 0);
    v128.store(at, i32x4.sub(v128.load(at, 16), high), 16);
  } else {
    v128.store(at, i32x4.add(v128.load(at), low), 0);
    v128.store(at, i32x4.add(v128.load(at, 16), high), 16);
  }
}

/**
 * One panel of 8 columns: 4 × 8 tiles over the whole inner dimension, so that sums leave the registers once and the panel
 * stays in the first-level cache while the rows pass by.
 *
 * Eight accumulators, two weight vectors, four splats and one product are exactly the 15 registers V8 allocates. Its
 * scheduler lifts every load of a basic block to the block's top, which spills in an unrolled body; the exits that are
 * never taken (panelEnd + 1 … 3 are no multiples of a step) end the block after each step at the price of one fused
 * compare. Measured on Zen 4 with Node 20: 60 % of the register-only limit without them, 86 % with them.
 *
 * A function of its own, called once a panel: V8 swaps baseline for optimised code between calls only, and a whole layer
 * would be one long call.
 */
function panel(
  left: usize,
  leftStride: usize,
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
  const never1 = panelEnd + 1;
  const never2 = panelEnd + 2;
  const never3 = panelEnd + 3;
  for (let row: u32 = 0; row < rowCount; row += 4) {
    let low0 = i32x4.splat(0);
    let low1 = i32x4.splat(0);
    let low2 = i32x4.splat(0);
    let low3 = i32x4.splat(0);
    let high0 = i32x4.splat(0);
    let high1 = i32x4.splat(0);
    let high2 = i32x4.splat(0);
    let high3 = i32x4.splat(0);
    let a0 = left;
    let a1 = a0 + leftStride;
    let a2 = a1 + leftStride;
    let a3 = a2 + leftStride;
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
      s0 = v128.load32_splat(a0, 0);
      s1 = v128.load32_splat(a1, 0);
      s2 = v128.load32_splat(a2, 0);
      s3 = v128.load32_splat(a3, 0);
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      if (w == never1) break;

      wl = v128.load(w, 32);
      wh = v128.load(w, 48);
      s0 = v128.load32_splat(a0, 4);
      s1 = v128.load32_splat(a1, 4);
      s2 = v128.load32_splat(a2, 4);
      s3 = v128.load32_splat(a3, 4);
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      if (w == never2) break;

      wl = v128.load(w, 64);
      wh = v128.load(w, 80);
      s0 = v128.load32_splat(a0, 8);
      s1 = v128.load32_splat(a1, 8);
      s2 = v128.load32_splat(a2, 8);
      s3 = v128.load32_splat(a3, 8);
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      if (w == never3) break;

      wl = v128.load(w, 96);
      wh = v128.load(w, 112);
      s0 = v128.load32_splat(a0, 12);
      s1 = v128.load32_splat(a1, 12);
      s2 = v128.load32_splat(a2, 12);
      s3 = v128.load32_splat(a3, 12);
      low0 = multiplyAdd(low0, s0, wl);
      high0 = multiplyAdd(high0, s0, wh);
      low1 = multiplyAdd(low1, s1, wl);
      high1 = multiplyAdd(high1, s1, wh);
      low2 = multiplyAdd(low2, s2, wl);
      high2 = multiplyAdd(high2, s2, wh);
      low3 = multiplyAdd(low3, s3, wl);
      high3 = multiplyAdd(high3, s3, wh);
      a0 += 16;
      a1 += 16;
      a2 += 16;
      a3 += 16;
      w += 128;
      if (w == panelEnd) break;
    }
    for (let i: u32 = 0; i < 4; i++) {
      let at = i == 0 ? sums0 : i == 1 ? sums1 : i == 2 ? sums2 : sums3;
      if (at == 0) break;
      at += (<usize>row) << 5;
      const isSubtracted = (subtracted >> i) & 1;
      accumulate(at, low0, high0, isSubtracted);
      accumulate(at + 32, low1, high1, isSubtracted);
      accumulate(at + 64, low2, high2, isSubtracted);
      accumulate(at + 96, low3, high3, isSubtracted);
    }
    left += leftStride << 2;
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
 * @param left rowCount (a multiple of 4) rows of int16, `leftStride` bytes apart
 * @param depth inner dimension, a multiple of 8
 * @param packed weights as packRows writes them, panels `panelStride` bytes apart
 * @param columnCount a multiple of 8
 * @param sums0 panels of 8 columns, `sumsPanelStride` bytes apart, each rowCount rows of 8 int32; so are sums1 to sums3, of
 *   which the first 0 ends the list
 * @param subtracted bit i: the product is subtracted from sums i instead
 */
export function gemm(
  left: usize,
  leftStride: usize,
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
    panel(left, leftStride, rowCount, packed, panelBytes, sums0, sums1, sums2, sums3, subtracted);
    packed += panelStride;
    sums0 += sumsPanelStride;
    if (sums1) sums1 += sumsPanelStride;
    if (sums2) sums2 += sumsPanelStride;
    if (sums3) sums3 += sumsPanelStride;
  }
}
