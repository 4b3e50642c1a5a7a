import { CryptoError, requireByteLength } from './crypto-error.ts';

const PREFIX = 'did:key:z';
/** Multicodec `ed25519-pub` 0xed as an unsigned varint. */
const MULTICODEC_ED25519 = [0xed, 0x01] as const;
const KEY_BYTES = 32;
const PAYLOAD_BYTES = MULTICODEC_ED25519.length + KEY_BYTES;
/** 34 bytes that start 0xed 0x01 always take 47 base58 digits, so the length alone refuses oversized text early. */
const BASE58_DIGITS = 47;
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const DIGIT_OF = new Map([...ALPHABET].map((letter, digit) => [letter, digit]));

/**
 * `did:key` of an Ed25519 public key: multibase base58btc of multicodec 0xed01 and the 32 bytes (W3C CCG did:key §3.1).
 *
 * @throws CryptoError `length_invalid`
 */
export function publicKeyToDid(publicKey: Uint8Array): string {
  requireByteLength('publicKey', publicKey, KEY_BYTES);
  const digits = new Uint8Array(BASE58_DIGITS);
  for (const byte of [...MULTICODEC_ED25519, ...publicKey]) {
    let carry = byte;
    for (let i = BASE58_DIGITS - 1; i >= 0; i--) {
      carry += (digits[i] ?? 0) * 256;
      digits[i] = carry % 58;
      carry = Math.floor(carry / 58);
    }
  }
  let text = PREFIX;
  for (const digit of digits) text += ALPHABET.charAt(digit);
  return text;
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
