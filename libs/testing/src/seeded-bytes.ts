/**
 * Deterministic bytes for tests (SplitMix32, Steele et al. 2014, 32-bit variant): the same seed gives the same bytes on
 * every machine. Not for secrets.
 */
export function seededBytes(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    bytes[i] = (mixed ^ (mixed >>> 15)) & 0xff;
  }
  return bytes;
}
