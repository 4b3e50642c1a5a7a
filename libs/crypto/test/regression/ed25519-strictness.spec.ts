// What other verifiers let through, each beside a control that must stay valid.
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  concatBytes,
  hexToBytes,
  isAcceptablePublicKey,
  keyPairFromSeed,
  sign,
  verifyStrict,
} from '../../src/index.ts';
import { seededBytes } from '@tops/testing';
import nacl from 'tweetnacl';

const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const keyPair = keyPairFromSeed(seededBytes(1, 32));
const { publicKey } = keyPair;
const message = seededBytes(2, 100);
const signature = sign(message, keyPair);

const toBigInt = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
const sha512 = (bytes: Uint8Array): Uint8Array => createHash('sha512').update(bytes).digest();

/** RFC 8032 §5.1.6 with a nonce of the test's choosing; R must be its encoded multiple of the base point. */
function signWithNonce(nonce: bigint, encodedR: Uint8Array): Uint8Array {
  const clamped = Uint8Array.from(sha512(keyPair.seed).subarray(0, 32));
  clamped[0]! &= 248;
  clamped[31] = (clamped[31]! & 127) | 64;
  const hash = toBigInt(sha512(concatBytes(encodedR, publicKey, message)));
  return concatBytes(encodedR, toBytes((nonce + hash * toBigInt(clamped)) % GROUP_ORDER));
}

describe('malleability', () => {
  it('refuses S + L, which tweetnacl takes', () => {
    const shifted = concatBytes(
      signature.subarray(0, 32),
      toBytes(toBigInt(signature.subarray(32)) + GROUP_ORDER),
    );
    expect(nacl.sign.detached.verify(message, shifted, publicKey)).toBe(true);
    expect(verifyStrict({ publicKey, message, signature: shifted })).toBe(
      'signature_non_canonical',
    );
    expect(verifyStrict({ publicKey, message, signature })).toBe('valid');
  });

  it('draws the line exactly at L', () => {
    const withS = (s: bigint): Uint8Array => concatBytes(signature.subarray(0, 32), toBytes(s));
    const verdictAt = (s: bigint) => verifyStrict({ publicKey, message, signature: withS(s) });
    expect(verdictAt(GROUP_ORDER)).toBe('signature_non_canonical');
    expect(verdictAt(GROUP_ORDER - 1n)).toBe('signature_invalid');
  });
});

/** The 8-torsion: five y, both signs, and the second spelling (y + p) where it fits in 255 bits. */
const smallOrderEncodings = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

describe('small order', () => {
  it.each(smallOrderEncodings)('refuses the key %s', (encoded) => {
    const smallKey = hexToBytes(encoded);
    // S = 0 and R = A or the identity forge a signature under such a key for one message in eight or better.
    for (const r of [smallKey, hexToBytes('01'.padEnd(64, '0'))]) {
      const forged = concatBytes(r, new Uint8Array(32));
      expect(verifyStrict({ publicKey: smallKey, message, signature: forged })).toBe(
        'public_key_invalid',
      );
    }
    expect(isAcceptablePublicKey(smallKey)).toBe(false);
  });

  it.each(smallOrderEncodings)('refuses R = %s', (encoded) => {
    const forged = concatBytes(hexToBytes(encoded), signature.subarray(32));
    expect(verifyStrict({ publicKey, message, signature: forged })).toBe('signature_non_canonical');
  });

  it('refuses R = identity even where the equation holds; the nonce 1 is the control', () => {
    const identity = hexToBytes('01'.padEnd(64, '0'));
    const basePoint = hexToBytes('58'.padEnd(64, '6'));
    const withNonce0 = signWithNonce(0n, identity);
    expect(nacl.sign.detached.verify(message, withNonce0, publicKey)).toBe(true);
    expect(verifyStrict({ publicKey, message, signature: withNonce0 })).toBe(
      'signature_non_canonical',
    );
    expect(verifyStrict({ publicKey, message, signature: signWithNonce(1n, basePoint) })).toBe(
      'valid',
    );
  });
});

describe('keys that are no point', () => {
  it('refuses y without x (y = 2) and takes its neighbour y = 3', () => {
    expect(isAcceptablePublicKey(toBytes(2n))).toBe(false);
    expect(verifyStrict({ publicKey: toBytes(2n), message, signature })).toBe('public_key_invalid');
    expect(isAcceptablePublicKey(toBytes(3n))).toBe(true);
    expect(verifyStrict({ publicKey: toBytes(3n), message, signature })).toBe('signature_invalid');
  });

  it('refuses every y in p … 2^255-1 with either sign', () => {
    for (let y = 2n ** 255n - 19n; y < 2n ** 255n; y++) {
      expect(isAcceptablePublicKey(toBytes(y))).toBe(false);
      expect(isAcceptablePublicKey(toBytes(y + 2n ** 255n))).toBe(false);
    }
    expect(isAcceptablePublicKey(publicKey)).toBe(true);
  });
});

describe('lengths', () => {
  it('gives a verdict instead of throwing', () => {
    for (const length of [0, 31, 33]) {
      expect(verifyStrict({ publicKey: new Uint8Array(length), message, signature })).toBe(
        'public_key_invalid',
      );
    }
    for (const length of [0, 32, 63, 65, 128]) {
      expect(verifyStrict({ publicKey, message, signature: new Uint8Array(length) })).toBe(
        'signature_non_canonical',
      );
    }
    expect(verifyStrict({ publicKey, message, signature })).toBe('valid');
  });
});
