// One layer for a chunk of rows: int16 operands, exact int32 accumulators, requantised as they leave the registers.

function multiplyAdd(sum: v128, left: v128, right: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(left, right));
}

/** clamp(acc >> shift, 0, 127) of 8 neighbouring accumulators, as int16. */
function requantise(low: v128, high: v128, shift: i32): v128 {
  const narrow = i16x8.narrow_i32x4_s(i32x4.shr_s(low, shift), i32x4.shr_s(high, shift));
  return i16x8.min_s(i16x8.max_s(narrow, i16x8.splat(0)), i16x8.splat(127));
}

function storeTile<T>(out: usize, values: v128): void {
  if (sizeof<T>() == 2) v128.store(out, values);
  else v128.store64_lane(out, i8x16.narrow_i16x8_s(values, values), 0);
}

/**
 * One panel of 8 columns: 4 × 8 tiles over the whole inner dimension, so that nothing but finished values is stored and
 * the panel stays in the first-level cache while the rows pass by.
 *
 * Eight accumulators, two weight vectors, four splats and one product are exactly the 15 registers V8 allocates. Its
 * scheduler lifts every load of a basic block to the block's top, which spills in an unrolled body; the exits that are
 * never taken (panelEnd + 1 … 3 are no multiples of a step) end the block after each step at the price of one fused
 * compare. Measured on Zen 4 with Node 20: 60 % of the register-only limit without them, 86 % with them.
 *
 * A function of its own, called once a panel: V8 swaps baseline for optimised code between calls only, and a whole layer
 * would be one long call.
 */
function panel<T>(
  left: usize,
  leftStride: usize,
  rowCount: u32,
  panelStart: usize,
  panelBytes: usize,
  out: usize,
  outStride: usize,
  shift: i32,
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
    storeTile<T>(out, requantise(low0, high0, shift));
    storeTile<T>(out + outStride, requantise(low1, high1, shift));
    storeTile<T>(out + 2 * outStride, requantise(low2, high2, shift));
    storeTile<T>(out + 3 * outStride, requantise(low3, high3, shift));
    left += leftStride << 2;
    out += outStride << 2;
  }
}

/**
 * Layer 1: out = clamp((left · weights) >> shift, 0, 127), left as int16 for the next layer.
 *
 * @param left rowCount (a multiple of 4) rows of int16, `leftStride` bytes apart
 * @param depth inner dimension, a multiple of 8
 * @param packed weights as packRows writes them, panels `panelStride` bytes apart
 * @param columnCount a multiple of 8
 * @param out rowCount rows of int16, `outStride` bytes apart
 */
export function gemmToInt16(
  left: usize,
  leftStride: usize,
  rowCount: u32,
  depth: u32,
  packed: usize,
  panelStride: usize,
  columnCount: u32,
  out: usize,
  outStride: usize,
  shift: i32,
): void {
  for (let column: u32 = 0; column < columnCount; column += 8) {
    panel<i16>(left, leftStride, rowCount, packed, (<usize>depth) << 4, out, outStride, shift);
    packed += panelStride;
    out += 16;
  }
}

/**
 * Layer 2: out = clamp((left · weights) >> shift, 0, 127) as the bytes that are hashed.
 *
 * @param left rowCount (a multiple of 4) rows of int16, `leftStride` bytes apart
 * @param depth inner dimension, a multiple of 8
 * @param packed weights as packRows writes them, panels `panelStride` bytes apart
 * @param columnCount a multiple of 8
 * @param out rowCount rows of int8, `outStride` bytes apart
 */
export function gemmToInt8(
  left: usize,
  leftStride: usize,
  rowCount: u32,
  depth: u32,
  packed: usize,
  panelStride: usize,
  columnCount: u32,
  out: usize,
  outStride: usize,
  shift: i32,
): void {
  for (let column: u32 = 0; column < columnCount; column += 8) {
    panel<i8>(left, leftStride, rowCount, packed, (<usize>depth) << 4, out, outStride, shift);
    packed += panelStride;
    out += 8;
  }
}
