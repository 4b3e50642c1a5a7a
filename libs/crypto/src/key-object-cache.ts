import { createPublicKey, type KeyObject } from 'node:crypto';

/** DER SubjectPublicKeyInfo in front of the 32 raw bytes of an Ed25519 key (RFC 8410 §4). */
const SPKI_PREFIX = Uint8Array.from([
  0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
]);

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

/** OpenSSL key from 32 raw bytes that were found acceptable before. */
export function importPublicKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
}

function idOf(publicKey: Uint8Array): string {
  return Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1');
}
