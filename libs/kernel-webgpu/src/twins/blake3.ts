// BLAKE3 compression (specification §2.1–2.2), the twin of shaders/blake3.wgsl: libraries hash whole messages, a GPU
// invocation one block.

export const CHUNK_START = 1;
export const CHUNK_END = 2;
export const PARENT = 4;
export const ROOT = 8;
export const KEYED_HASH = 16;

/** The initial chaining value, as eight words. */
export const IV = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
/** Table 2. */
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/** Four columns, four diagonals. */
const MIXED_WORDS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

export interface CompressInput {
  /** Eight words: a chaining value or a key. */
  readonly chain: Uint32Array;
  /** Sixteen little-endian words. */
  readonly block: Uint32Array;
  readonly counter: number;
  readonly blockBytes: number;
  readonly flags: number;
}

/** @returns sixteen words: the chaining value, then the second half of the extended output */
export function compress({ chain, block, counter, blockBytes, flags }: CompressInput): Uint32Array {
  const state = new Uint32Array(16);
  state.set(chain);
  state.set(IV.subarray(0, 4), 8);
  state.set([counter, 0, blockBytes, flags], 12);
  let message = block;
  for (let round = 0; round < 7; round++) {
    MIXED_WORDS.forEach((words, i) => {
      mix(state, words, message[2 * i] ?? 0, message[2 * i + 1] ?? 0);
    });
    const previous = message;
    message = Uint32Array.from(PERMUTATION, (from) => previous[from] ?? 0);
  }
  return state.map((word, i) => (i < 8 ? word ^ (state[i + 8] ?? 0) : word ^ (chain[i - 8] ?? 0)));
}

type MixedWords = readonly [number, number, number, number];

function mix(state: Uint32Array, [a, b, c, d]: MixedWords, x: number, y: number): void {
  const at = (i: number): number => state[i] ?? 0;
  state[a] = at(a) + at(b) + x;
  state[d] = rotateRight(at(d) ^ at(a), 16);
  state[c] = at(c) + at(d);
  state[b] = rotateRight(at(b) ^ at(c), 12);
  state[a] = at(a) + at(b) + y;
  state[d] = rotateRight(at(d) ^ at(a), 8);
  state[c] = at(c) + at(d);
  state[b] = rotateRight(at(b) ^ at(c), 7);
}

function rotateRight(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** Little-endian words of a multiple of four bytes; a copy. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const copy = Uint8Array.from(bytes);
  return new Uint32Array(copy.buffer);
}
