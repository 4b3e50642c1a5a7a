// The Certificate Transparency reference tree (RFC 6962 §2.1 = RFC 9162 §2.1.1, SHA-256): leaf inputs, leaf and inner
// hashes and roots from transparency-dev/merkle, testonly/constants.go (Apache-2.0). TreeHasher is generic over the hash, so the same code
// that builds our BLAKE3 trees runs them.
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  bytesToHex,
  concatBytes,
  foldMultiproof,
  hexToBytes,
  merkleRoot,
  type TreeHasher,
} from '../../src/index.ts';

const sha256 = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(createHash('sha256').update(bytes).digest());
const sha256TreeHasher: TreeHasher = {
  hashChildren: (left, right) => sha256(concatBytes(Uint8Array.of(1), left, right)),
  emptyRoot: sha256(new Uint8Array(0)),
};

const leafHashes = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((input) => sha256(concatBytes(Uint8Array.of(0), hexToBytes(input))));

/** Index = number of leaves. */
const rootHashes = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('Certificate Transparency reference tree', () => {
  it.each(rootHashes.map((root, leafCount) => ({ root, leafCount })))(
    'root over $leafCount leaves',
    ({ root, leafCount }) => {
      expect(bytesToHex(merkleRoot(leafHashes.slice(0, leafCount), sha256TreeHasher))).toBe(root);
    },
  );

  it('folds the inclusion path of leaf 0 in the tree of 8 (nodes h1, h23, h4567)', () => {
    const siblings = hexToBytes(
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7' +
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e' +
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    );
    const root = foldMultiproof(
      { leafCount: 8, rows: [0], leaves: leafHashes[0]!, siblings },
      sha256TreeHasher,
    );
    expect(root && bytesToHex(root)).toBe(rootHashes[8]);
  });

  it('folds leaf 6 in the tree of 7, whose path is h45 alone beside h0123: the promoted case', () => {
    // Depth-first, left to right: h0123 (level 2), then h45 (level 1); leaf 6 itself moved up unpaired.
    const siblings = hexToBytes(
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7' +
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    );
    const root = foldMultiproof(
      { leafCount: 7, rows: [6], leaves: leafHashes[6]!, siblings },
      sha256TreeHasher,
    );
    expect(root && bytesToHex(root)).toBe(rootHashes[7]);
  });
});
