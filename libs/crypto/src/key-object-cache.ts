import { createPublicKey, type KeyObject } from 'node:crypto';

/** Bounded map from raw Ed25519 public keys to OpenSSL keys; the least recently used one goes first. */
export class KeyObjectCache {
  readonly #capacity: number;
  readonly #byKey = new Map<string, KeyObject>();

  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The cached key, now the most recently used one. */
  get(publicKey: Uint8Array): KeyObject | undefined {
    const id = idOf(publicKey);
    const found = this.#byKey.get(id);
    if (found !== undefined) {
      this.#byKey.delete(id);
      this.#byKey.set(id, found);
    }
    return found;
  }

  set(publicKey: Uint8Array, key: KeyObject): void {
    const id = idOf(publicKey);
    this.#byKey.delete(id);
    this.#byKey.set(id, key);
    if (this.#byKey.size > this.#capacity) {
      for (const oldest of this.#byKey.keys()) {
        this.#byKey.delete(oldest);
        break;
      }
    }
  }
}

/**
 * OpenSSL key from 32 raw bytes that were found acceptable before. As a JSON Web Key (RFC 8037 §2), because OpenSSL takes
 * several times as long to find its way through the eight bytes of DER that would carry the same.
 */
export function importPublicKey(publicKey: Uint8Array): KeyObject {
  const { buffer, byteOffset, length } = publicKey;
  const x = Buffer.from(buffer, byteOffset, length).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function idOf(publicKey: Uint8Array): string {
  return Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1');
}
