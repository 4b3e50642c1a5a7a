import { randomBytes, verify, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import nacl from 'tweetnacl';
import { bytesToHex } from './bytes.ts';
import { requireByteLength } from './crypto-error.ts';
import { isCanonicalLargeOrderEncoding, isOnCurve, isReducedScalar } from './edwards-point.ts';
import { importPublicKey, KeyObjectCache } from './key-object-cache.ts';

const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Enough for every worker of a large fleet; a KeyObject takes about a kilobyte. */
const verifiedKeys = new KeyObjectCache({ capacity: 4096 });

/**
 * An Ed25519 key pair. `seed` is secret: JSON.stringify, util.inspect, object spread and structured clones of a pair from
 * {@link keyPairFromSeed} show the public key only.
 */
export interface KeyPair {
  /** 32 bytes, a fresh copy at each access. */
  readonly seed: Uint8Array;
  /** 32 bytes, a fresh copy at each access. */
  readonly publicKey: Uint8Array;
}

class HiddenKeyPair implements KeyPair {
  readonly #keys: nacl.SignKeyPair;

  constructor(seed: Uint8Array) {
    this.#keys = nacl.sign.keyPair.fromSeed(seed);
  }

  get seed(): Uint8Array {
    return this.#keys.secretKey.slice(0, SEED_BYTES);
  }

  get publicKey(): Uint8Array {
    return this.#keys.publicKey.slice();
  }

  sign(message: Uint8Array): Uint8Array {
    return nacl.sign.detached(message, this.#keys.secretKey);
  }

  toJSON(): { publicKey: string } {
    return { publicKey: bytesToHex(this.#keys.publicKey) };
  }

  [inspect.custom](): string {
    return `KeyPair { publicKey: ${bytesToHex(this.#keys.publicKey)} }`;
  }
}

/** 32 bytes from the operating system's generator. */
export function generateSeed(): Uint8Array {
  return Uint8Array.from(randomBytes(SEED_BYTES));
}

/**
 * The pair of a 32-byte seed (RFC 8032 §5.1.5). The seed is copied.
 *
 * @throws CryptoError `length_invalid`
 */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  requireByteLength('seed', seed, SEED_BYTES);
  return new HiddenKeyPair(Uint8Array.from(seed));
}

/** Ed25519 signature (RFC 8032 §5.1.6), 64 bytes, deterministic. */
export function sign(message: Uint8Array, keyPair: KeyPair): Uint8Array {
  // A pair built elsewhere may join a seed with another's public key, and signing under that leaks the secret scalar:
  // only the seed is believed.
  const trusted =
    keyPair instanceof HiddenKeyPair ? keyPair : new HiddenKeyPair(Uint8Array.from(keyPair.seed));
  return trusted.sign(message);
}

/** Why a signature does not count, or `valid`. */
export type SignatureVerdict =
  'valid' | 'public_key_invalid' | 'signature_non_canonical' | 'signature_invalid';

/**
 * Strict Ed25519 verification: what RFC 8032 §5.1.7 allows and no more, the same on every Node version. Libraries differ
 * on the encodings refused here (Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs, 2020), so none of that is left
 * to OpenSSL:
 *
 * - the key is 32 bytes, canonical (y < p), on the curve and not of small order → else `public_key_invalid`;
 * - the signature is 64 bytes, R canonical and not of small order, S < L → else `signature_non_canonical`. An honest
 *   signer's R is of small order with probability 2^-249; refusing it is what `verify_strict` of ed25519-dalek does;
 * - the cofactorless equation holds → else `signature_invalid`.
 *
 * All three arguments are attacker-controlled; none makes this throw.
 */
export function verifyStrict(options: {
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}): SignatureVerdict {
  const { publicKey, message, signature } = options;
  if (publicKey.length !== PUBLIC_KEY_BYTES) return 'public_key_invalid';
  const cached = verifiedKeys.get(publicKey);
  if (cached === undefined && !isCanonicalLargeOrderEncoding(publicKey))
    return 'public_key_invalid';
  const key = cached ?? importPublicKey(publicKey);
  const verdict = verdictOf(key, message, signature);
  if (cached !== undefined) return verdict;
  // Only keys that signed something enter: junk under made-up keys cannot push working ones out.
  if (verdict === 'valid') verifiedKeys.set(publicKey, key);
  // A key off the curve verifies nothing, so whether it lies on it matters for the name of the refusal alone.
  else if (!isOnCurve(publicKey)) return 'public_key_invalid';
  return verdict;
}

function verdictOf(key: KeyObject, message: Uint8Array, signature: Uint8Array): SignatureVerdict {
  if (signature.length !== SIGNATURE_BYTES) return 'signature_non_canonical';
  if (!isCanonicalLargeOrderEncoding(signature.subarray(0, 32))) return 'signature_non_canonical';
  if (!isReducedScalar(signature.subarray(32))) return 'signature_non_canonical';
  return verify(null, message, key, signature) ? 'valid' : 'signature_invalid';
}

/** Whether 32 bytes are the canonical encoding of a point on the curve that is not of small order. */
export function isAcceptablePublicKey(publicKey: Uint8Array): boolean {
  return (
    publicKey.length === PUBLIC_KEY_BYTES &&
    isCanonicalLargeOrderEncoding(publicKey) &&
    isOnCurve(publicKey)
  );
}
