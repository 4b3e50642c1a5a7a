// BLAKE3 compression (specification §2.1–2.2), four independent inputs in the four 32-bit lanes.
// State and message live in memory as vectors of lanes: word w of all four inputs is the v128 at address + 16·w.

const IV0: u32 = 0x6a09e667;
const IV1: u32 = 0xbb67ae85;
const IV2: u32 = 0x3c6ef372;
const IV3: u32 = 0xa54ff53a;

/** Flags of BLAKE3 §2.1, table 3. */
export const CHUNK_START: u32 = 1;
export const CHUNK_END: u32 = 2;
export const PARENT: u32 = 4;
export const ROOT: u32 = 8;
export const KEYED_HASH: u32 = 16;

function rotateRight16(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

function rotateRight8(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}

function rotateRight12(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
}

function rotateRight7(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
}

function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

/** Copies the 16 message vectors at `from` to `to` in the order of the next round (BLAKE3 §2.2, table 2). */
function permute(from: usize, to: usize): void {
  v128.store(to, v128.load(from, 32), 0);
  v128.store(to, v128.load(from, 96), 16);
  v128.store(to, v128.load(from, 48), 32);
  v128.store(to, v128.load(from, 160), 48);
  v128.store(to, v128.load(from, 112), 64);
  v128.store(to, v128.load(from, 0), 80);
  v128.store(to, v128.load(from, 64), 96);
  v128.store(to, v128.load(from, 208), 112);
  v128.store(to, v128.load(from, 16), 128);
  v128.store(to, v128.load(from, 176), 144);
  v128.store(to, v128.load(from, 192), 160);
  v128.store(to, v128.load(from, 80), 176);
  v128.store(to, v128.load(from, 144), 192);
  v128.store(to, v128.load(from, 224), 208);
  v128.store(to, v128.load(from, 240), 224);
  v128.store(to, v128.load(from, 128), 240);
}

/**
 * One compression of four inputs. `cv` holds 8 vectors, `message` 16 followed by room for 16 more (it is overwritten),
 * `out` takes 16: words 0–7 are the chaining values, words 8–15 the second half of the extended output.
 */
export function compress4(
  cv: usize,
  message: usize,
  out: usize,
  counter: v128,
  blockBytes: u32,
  flags: u32,
): void {
  let s0 = v128.load(cv, 0);
  let s1 = v128.load(cv, 16);
  let s2 = v128.load(cv, 32);
  let s3 = v128.load(cv, 48);
  let s4 = v128.load(cv, 64);
  let s5 = v128.load(cv, 80);
  let s6 = v128.load(cv, 96);
  let s7 = v128.load(cv, 112);
  let s8 = i32x4.splat(IV0);
  let s9 = i32x4.splat(IV1);
  let s10 = i32x4.splat(IV2);
  let s11 = i32x4.splat(IV3);
  let s12 = counter;
  let s13 = i32x4.splat(0); // counters stay below 2^32: rows have at most 2^14 bytes
  let s14 = i32x4.splat(blockBytes);
  let s15 = i32x4.splat(flags);

  let from = message;
  let to = message + 256;
  for (let round = 0; ; round++) {
    // columns
    s0 = add(add(s0, s4), v128.load(from, 0));
    s1 = add(add(s1, s5), v128.load(from, 32));
    s2 = add(add(s2, s6), v128.load(from, 64));
    s3 = add(add(s3, s7), v128.load(from, 96));
    s12 = rotateRight16(v128.xor(s12, s0));
    s13 = rotateRight16(v128.xor(s13, s1));
    s14 = rotateRight16(v128.xor(s14, s2));
    s15 = rotateRight16(v128.xor(s15, s3));
    s8 = add(s8, s12);
    s9 = add(s9, s13);
    s10 = add(s10, s14);
    s11 = add(s11, s15);
    s4 = rotateRight12(v128.xor(s4, s8));
    s5 = rotateRight12(v128.xor(s5, s9));
    s6 = rotateRight12(v128.xor(s6, s10));
    s7 = rotateRight12(v128.xor(s7, s11));
    s0 = add(add(s0, s4), v128.load(from, 16));
    s1 = add(add(s1, s5), v128.load(from, 48));
    s2 = add(add(s2, s6), v128.load(from, 80));
    s3 = add(add(s3, s7), v128.load(from, 112));
    s12 = rotateRight8(v128.xor(s12, s0));
    s13 = rotateRight8(v128.xor(s13, s1));
    s14 = rotateRight8(v128.xor(s14, s2));
    s15 = rotateRight8(v128.xor(s15, s3));
    s8 = add(s8, s12);
    s9 = add(s9, s13);
    s10 = add(s10, s14);
    s11 = add(s11, s15);
    s4 = rotateRight7(v128.xor(s4, s8));
    s5 = rotateRight7(v128.xor(s5, s9));
    s6 = rotateRight7(v128.xor(s6, s10));
    s7 = rotateRight7(v128.xor(s7, s11));
    // diagonals
    s0 = add(add(s0, s5), v128.load(from, 128));
    s1 = add(add(s1, s6), v128.load(from, 160));
    s2 = add(add(s2, s7), v128.load(from, 192));
    s3 = add(add(s3, s4), v128.load(from, 224));
    s15 = rotateRight16(v128.xor(s15, s0));
    s12 = rotateRight16(v128.xor(s12, s1));
    s13 = rotateRight16(v128.xor(s13, s2));
    s14 = rotateRight16(v128.xor(s14, s3));
    s10 = add(s10, s15);
    s11 = add(s11, s12);
    s8 = add(s8, s13);
    s9 = add(s9, s14);
    s5 = rotateRight12(v128.xor(s5, s10));
    s6 = rotateRight12(v128.xor(s6, s11));
    s7 = rotateRight12(v128.xor(s7, s8));
    s4 = rotateRight12(v128.xor(s4, s9));
    s0 = add(add(s0, s5), v128.load(from, 144));
    s1 = add(add(s1, s6), v128.load(from, 176));
    s2 = add(add(s2, s7), v128.load(from, 208));
    s3 = add(add(s3, s4), v128.load(from, 240));
    s15 = rotateRight8(v128.xor(s15, s0));
    s12 = rotateRight8(v128.xor(s12, s1));
    s13 = rotateRight8(v128.xor(s13, s2));
    s14 = rotateRight8(v128.xor(s14, s3));
    s10 = add(s10, s15);
    s11 = add(s11, s12);
    s8 = add(s8, s13);
    s9 = add(s9, s14);
    s5 = rotateRight7(v128.xor(s5, s10));
    s6 = rotateRight7(v128.xor(s6, s11));
    s7 = rotateRight7(v128.xor(s7, s8));
    s4 = rotateRight7(v128.xor(s4, s9));

    if (round == 6) break;
    permute(from, to);
    const swap = from;
    from = to;
    to = swap;
  }

  v128.store(out, v128.xor(s8, v128.load(cv, 0)), 128);
  v128.store(out, v128.xor(s9, v128.load(cv, 16)), 144);
  v128.store(out, v128.xor(s10, v128.load(cv, 32)), 160);
  v128.store(out, v128.xor(s11, v128.load(cv, 48)), 176);
  v128.store(out, v128.xor(s12, v128.load(cv, 64)), 192);
  v128.store(out, v128.xor(s13, v128.load(cv, 80)), 208);
  v128.store(out, v128.xor(s14, v128.load(cv, 96)), 224);
  v128.store(out, v128.xor(s15, v128.load(cv, 112)), 240);
  v128.store(out, v128.xor(s0, s8), 0);
  v128.store(out, v128.xor(s1, s9), 16);
  v128.store(out, v128.xor(s2, s10), 32);
  v128.store(out, v128.xor(s3, s11), 48);
  v128.store(out, v128.xor(s4, s12), 64);
  v128.store(out, v128.xor(s5, s13), 80);
  v128.store(out, v128.xor(s6, s14), 96);
  v128.store(out, v128.xor(s7, s15), 112);
}

/** Stores four vectors as four vectors of their lanes (a 4×4 transpose of words). */
export function transposeWords(r0: v128, r1: v128, r2: v128, r3: v128, out: usize): void {
  const low01 = v128.shuffle<u32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<u32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<u32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<u32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<u64>(low01, low23, 0, 2), 0);
  v128.store(out, v128.shuffle<u64>(low01, low23, 1, 3), 16);
  v128.store(out, v128.shuffle<u64>(high01, high23, 0, 2), 32);
  v128.store(out, v128.shuffle<u64>(high01, high23, 1, 3), 48);
}
