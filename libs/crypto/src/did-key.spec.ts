import { describe, expect, it } from '@jest/globals';
import { didToPublicKey, publicKeyToDid } from './did-key.ts';

const control = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';

describe('didToPublicKey', () => {
  it.each([
    ['empty', ''],
    ['another method', control.replace('key', 'web')],
    ['another multibase', control.replace(':z', ':m')],
    ['a fragment', `${control}#z6Mk`],
    ['a letter short', control.slice(0, -1)],
    ['a letter outside base58', `${control.slice(0, -1)}0`],
    ['a value past 34 bytes', `did:key:z${'z'.repeat(47)}`],
    // did:key specification, secp256k1 and X25519 examples: other multicodecs.
    ['a secp256k1 key', 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme'],
    ['an X25519 key', 'did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F'],
    ['leading ones, which spell zero bytes', `did:key:z1${control.slice(10)}`],
  ])('refuses %s', (_name, did) => {
    expect(() => didToPublicKey(did)).toThrow(expect.objectContaining({ code: 'did_malformed' }));
  });

  it('takes the control', () => {
    expect(publicKeyToDid(didToPublicKey(control))).toBe(control);
  });
});

describe('publicKeyToDid', () => {
  it('refuses a key that has not 32 bytes', () => {
    expect(() => publicKeyToDid(new Uint8Array(33))).toThrow(
      expect.objectContaining({ code: 'length_invalid' }),
    );
  });
});
