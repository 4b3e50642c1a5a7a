// W3C CCG "The did:key Method", test vectors for Ed25519: the keys of the seeds 0, 1 and 2 written as 32 bytes big-endian.
import { describe, expect, it } from '@jest/globals';
import {
  bytesToHex,
  didToPublicKey,
  hexToBytes,
  keyPairFromSeed,
  publicKeyToDid,
} from '../../src/index.ts';

const vectors = [
  { seed: '00', did: 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp' },
  { seed: '01', did: 'did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG' },
  { seed: '02', did: 'did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf' },
];

describe('did:key Ed25519 vectors', () => {
  it.each(vectors)('seed …$seed', ({ seed, did }) => {
    const { publicKey } = keyPairFromSeed(hexToBytes(seed.padStart(64, '0')));
    expect(publicKeyToDid(publicKey)).toBe(did);
    expect(bytesToHex(didToPublicKey(did))).toBe(bytesToHex(publicKey));
  });

  it('reads the key of the specification’s introduction', () => {
    // § "Introduction": did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK.
    const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
    expect(publicKeyToDid(didToPublicKey(did))).toBe(did);
  });
});
