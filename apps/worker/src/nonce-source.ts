import { randomBytes } from 'node:crypto';

/** The protocol's nonces are JSON integers 0 … 2^53−1. */
const nonceCount = 2 ** 53;

/** A uniform 53-bit integer from the system's CSPRNG. */
export function randomNonce(): number {
  // 64 random bits cut to 53: no modulo, so no bias.
  return Number(randomBytes(8).readBigUInt64LE() >> 11n);
}

/**
 * Nonces of one process: a random start, then one by one. Two processes with one key would have to start within each
 * other's few million attempts of one epoch (2^-30) to collide; where that happens the verifier answers
 * nonce_already_used and `restart` draws a new start, so they part for good.
 */
export class NonceSource {
  readonly #draw: () => number;
  #next: number;

  constructor(draw: () => number = randomNonce) {
    this.#draw = draw;
    this.#next = draw();
  }

  next(): number {
    const nonce = this.#next;
    this.#next = nonce + 1 === nonceCount ? 0 : nonce + 1;
    return nonce;
  }

  restart(): void {
    this.#next = this.#draw();
  }
}
