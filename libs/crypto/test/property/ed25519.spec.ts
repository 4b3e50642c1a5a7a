// tweetnacl signs, node:crypto verifies: two independent implementations must agree on keys, signatures and verdicts.
import { createPrivateKey, createPublicKey, sign as opensslSign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  bytesToHex,
  isAcceptablePublicKey,
  keyPairFromSeed,
  sign,
  verifyStrict,
} from '../../src/index.ts';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import nacl from 'tweetnacl';

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const messages = fc.uint8Array({ maxLength: 300 });
/** RFC 8410 §7: PrivateKeyInfo with the 32-byte seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

describe('tweetnacl against node:crypto', () => {
  it('gives the same public key and the same signature', () => {
    fc.assert(
      fc.property(seeds, messages, (seed, message) => {
        const privateKey = createPrivateKey({
          key: Buffer.concat([PKCS8_PREFIX, seed]),
          format: 'der',
          type: 'pkcs8',
        });
        const rawPublicKey = createPublicKey(privateKey)
          .export({ format: 'der', type: 'spki' })
          .subarray(-32);
        const keyPair = keyPairFromSeed(seed);
        expect(bytesToHex(keyPair.publicKey)).toBe(bytesToHex(rawPublicKey));
        expect(bytesToHex(sign(message, keyPair))).toBe(
          bytesToHex(opensslSign(null, message, privateKey)),
        );
      }),
      fcParameters(12),
    );
  });

  it('takes an honest signature and refuses it with any one bit flipped', () => {
    fc.assert(
      fc.property(seeds, messages, fc.nat({ max: 511 }), (seed, message, bit) => {
        const keyPair = keyPairFromSeed(seed);
        const { publicKey } = keyPair;
        const signature = sign(message, keyPair);
        expect(verifyStrict({ publicKey, message, signature })).toBe('valid');
        signature[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifyStrict({ publicKey, message, signature })).not.toBe('valid');
      }),
      fcParameters(12),
    );
  });

  it('never accepts what tweetnacl refuses, whatever bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        messages,
        (publicKey, signature, message) => {
          const verdict = verifyStrict({ publicKey, message, signature });
          const accepted = nacl.sign.detached.verify(message, signature, publicKey);
          expect(verdict === 'valid' && !accepted).toBe(false);
          if (!isAcceptablePublicKey(publicKey)) expect(verdict).toBe('public_key_invalid');
        },
      ),
      fcParameters(20),
    );
  });
});
