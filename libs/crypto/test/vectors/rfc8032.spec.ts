// RFC 8032 §7.1, see rfc8032-vectors.json.
import { describe, expect, it } from '@jest/globals';
import { bytesToHex, hexToBytes, keyPairFromSeed, sign, verifyStrict } from '../../src/index.ts';
import vectors from './rfc8032-vectors.json' with { type: 'json' };

describe.each(vectors.cases)('RFC 8032 §7.1 $name', (vector) => {
  const message = hexToBytes(vector.message);
  const publicKey = hexToBytes(vector.public_key);
  const signature = hexToBytes(vector.signature);

  it('derives the public key and the signature', () => {
    const keyPair = keyPairFromSeed(hexToBytes(vector.seed));
    expect(bytesToHex(keyPair.publicKey)).toBe(vector.public_key);
    expect(bytesToHex(sign(message, keyPair))).toBe(vector.signature);
  });

  it('verifies, and not over another message', () => {
    expect(verifyStrict({ publicKey, message, signature })).toBe('valid');
    const longer = Uint8Array.of(...message, 0);
    expect(verifyStrict({ publicKey, message: longer, signature })).toBe('signature_invalid');
  });
});
