import { describe, expect, it } from '@jest/globals';
import {
  base64ToBytes,
  bytesToBase64,
  bytesToHex,
  didToPublicKey,
  hexToBytes,
  isHex,
  publicKeyToDid,
} from '../../src/index.ts';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';

const bytes = fc.uint8Array({ maxLength: 200 });

describe('text encodings', () => {
  it('round-trip, and every accepted text is the one spelling of its bytes', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect([...hexToBytes(bytesToHex(value))]).toEqual([...value]);
        expect(isHex(bytesToHex(value), value.length)).toBe(true);
        expect([...base64ToBytes(bytesToBase64(value))]).toEqual([...value]);
      }),
      fcParameters(),
    );
  });

  it('refuse or repeat arbitrary base64-like text exactly', () => {
    const alphabet = fc.constantFrom(...'ABwxyz019+/=-_ \n');
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
        let decoded: Uint8Array;
        try {
          decoded = base64ToBytes(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'base64_malformed' });
          return;
        }
        expect(bytesToBase64(decoded)).toBe(text);
      }),
      fcParameters(2000),
    );
  });

  it('refuse or repeat arbitrary hex-like text exactly', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0189afAFgx '), maxLength: 6 }), (text) => {
        let decoded: Uint8Array;
        try {
          decoded = hexToBytes(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'hex_malformed' });
          return;
        }
        expect(bytesToHex(decoded)).toBe(text);
      }),
      fcParameters(2000),
    );
  });
});

describe('did:key', () => {
  const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('round-trips every 32 bytes at one length', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const did = publicKeyToDid(key);
        expect(did).toMatch(/^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/);
        expect([...didToPublicKey(did)]).toEqual([...key]);
      }),
      fcParameters(),
    );
  });

  it('refuses or repeats a did with one letter replaced', () => {
    fc.assert(
      fc.property(
        keys,
        fc.nat({ max: 55 }),
        fc.string({ minLength: 1, maxLength: 1 }),
        (key, at, letter) => {
          const did = publicKeyToDid(key);
          const mutant = did.slice(0, at) + letter + did.slice(at + 1);
          let decoded: Uint8Array;
          try {
            decoded = didToPublicKey(mutant);
          } catch (error) {
            expect(error).toMatchObject({ code: 'did_malformed' });
            return;
          }
          expect(publicKeyToDid(decoded)).toBe(mutant);
        },
      ),
      fcParameters(500),
    );
  });
});
