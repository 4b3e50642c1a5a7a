/** Uniform integers below `max` from a seed: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). For simulations, never for draws. */
export function seededRandomBelow(seed: number): (max: number) => number {
  let state = seed | 0 || 1;
  return (max) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * max);
  };
}
