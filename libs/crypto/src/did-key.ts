import { CryptoError, requireByteLength } from './crypto-error.ts';

const PREFIX = 'did:key:z';
/** Multicodec `ed25519-pub` 0xed as an unsigned varint. */
const MULTICODEC_ED25519 = [0xed, 0x01] as const;
const KEY_BYTES = 32;
const PAYLOAD_BYTES = MULTICODEC_ED25519.length + KEY_BYTES;
/** 34 bytes that start 0xed 0x01 always take 47 base58 digits, so the length alone refuses oversized text early. */
const BASE58_DIGITS = 47;
/** Five base58 digits at a time, and as many of those as 47 digits need. */
const LIMB = 58 ** 5;
const LIMB_COUNT = 10;
const MULTICODEC_PAIR = MULTICODEC_ED25519[0] * 256 + MULTICODEC_ED25519[1];
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const DIGIT_OF = new Map([...ALPHABET].map((letter, digit) => [letter, digit]));

/**
 * `did:key` of an Ed25519 public key: multibase base58btc of multicodec 0xed01 and the 32 bytes (W3C CCG did:key §3.1).
 *
 * @throws CryptoError `length_invalid`
 */
export function publicKeyToDid(publicKey: Uint8Array): string {
  requireByteLength('publicKey', publicKey, KEY_BYTES);
  const limbs = new Float64Array(LIMB_COUNT);
  for (let at = -MULTICODEC_ED25519.length; at < KEY_BYTES; at += 2) {
    let carry = at < 0 ? MULTICODEC_PAIR : (publicKey[at] ?? 0) * 256 + (publicKey[at + 1] ?? 0);
    for (let i = LIMB_COUNT - 1; i >= 0; i--) {
      // Below 58^5 · 2^16 + 2^32, so exact in a double.
      carry += (limbs[i] ?? 0) * 0x1_0000;
      limbs[i] = carry % LIMB;
      carry = Math.floor(carry / LIMB);
    }
  }
  let digits = '';
  for (const limb of limbs) {
    for (let place = LIMB / 58; place >= 1; place /= 58) {
      digits += ALPHABET.charAt(Math.floor(limb / place) % 58);
    }
  }
  return PREFIX + digits.slice(-BASE58_DIGITS);
}

/**
 * The 32 key bytes of an Ed25519 `did:key`. Form only: whether they are an acceptable key is
 * {@link isAcceptablePublicKey}'s business.
 *
 * @param did - attacker-controlled
 * @throws CryptoError `did_malformed`
 */
export function didToPublicKey(did: string): Uint8Array {
  const malformed = (): CryptoError =>
    new CryptoError('did_malformed', 'expected did:key:z6Mk… of an Ed25519 public key');
  if (
    typeof did !== 'string' ||
    did.length !== PREFIX.length + BASE58_DIGITS ||
    !did.startsWith(PREFIX)
  ) {
    throw malformed();
  }
  const payload = new Uint8Array(PAYLOAD_BYTES);
  for (const letter of did.slice(PREFIX.length)) {
    let carry = DIGIT_OF.get(letter);
    if (carry === undefined) throw malformed();
    for (let i = PAYLOAD_BYTES - 1; i >= 0; i--) {
      carry += (payload[i] ?? 0) * 58;
      payload[i] = carry & 0xff;
      carry >>>= 8;
    }
    if (carry !== 0) throw malformed();
  }
  if (MULTICODEC_ED25519.some((byte, i) => payload[i] !== byte)) throw malformed();
  return payload.slice(MULTICODEC_ED25519.length);
}
