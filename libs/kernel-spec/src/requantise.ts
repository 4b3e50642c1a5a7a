/** The smallest integer e with 4^e >= x: half the bits of x, rounded up (docs/protocol.md, Work). */
function halfBits(x: number): number {
  let exponent = 0;
  while (4 ** exponent < x) exponent++;
  return exponent;
}

/** Right shift after layer 1, whose inner dimension is k: both operands are full-range int8. */
export function layer1Shift(k: number): number {
  return 7 + halfBits(k);
}

/** Right shift after layer 2, whose inner dimension is n: its left operand is 0…127, one bit less. */
export function layer2Shift(n: number): number {
  return 6 + halfBits(n);
}

/** clamp(acc >> shift, 0, 127) with an arithmetic shift (floor): ReLU and requantisation in one. `acc` is int32. */
export function requantise(acc: number, shift: number): number {
  return Math.min(Math.max(acc >> shift, 0), 127);
}
