// The register-only limit of i32x4.dot_i16x8_s + i32x4.add on this core: what the benchmark compares with, because on a
// shared machine an absolute figure says as much about the neighbours as about the kernel.

/** 8 vector multiply-adds a round, 16 ops each. The result only keeps the loop from being optimised away. */
export function multiplyAddRounds(roundCount: u32): i32 {
  // Operands come from memory: V8 would build constants anew at each use, and keep products that are the same in each round.
  const b0 = v128.load(1024);
  const b1 = v128.load(1040);
  const b2 = v128.load(1056);
  const b3 = v128.load(1072);
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (let round: u32 = 0; round < roundCount; round++) {
    const from = <usize>((round & 31) << 5);
    const a0 = v128.load(from);
    const a1 = v128.load(from, 16);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(a0, b0));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(a0, b1));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(a0, b2));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(a0, b3));
    s4 = i32x4.add(s4, i32x4.dot_i16x8_s(a1, b0));
    s5 = i32x4.add(s5, i32x4.dot_i16x8_s(a1, b1));
    s6 = i32x4.add(s6, i32x4.dot_i16x8_s(a1, b2));
    s7 = i32x4.add(s7, i32x4.dot_i16x8_s(a1, b3));
  }
  const sum = i32x4.add(
    i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3)),
    i32x4.add(i32x4.add(s4, s5), i32x4.add(s6, s7)),
  );
  return i32x4.extract_lane(sum, 0);
}
