export { blake3, blake3DeriveKey, blake3Keyed, blake3KeyedXof } from './blake3.ts';
export {
  base64ToBytes,
  bytesToBase64,
  bytesToHex,
  concatBytes,
  equalConstantTime,
  hexToBytes,
  isHex,
  u32le,
  u64le,
} from './bytes.ts';
export { CryptoError, type CryptoErrorCode } from './crypto-error.ts';
export { didToPublicKey, publicKeyToDid } from './did-key.ts';
export {
  generateSeed,
  isAcceptablePublicKey,
  keyPairFromSeed,
  sign,
  verifyStrict,
  type KeyPair,
  type SignatureVerdict,
} from './ed25519.ts';
export {
  HASH_BYTES,
  ledgerTreeHasher,
  merkleRoot,
  treeLevelSizes,
  workTreeHasher,
  type TreeHasher,
} from './merkle.ts';
export {
  foldMultiproof,
  multiproofPositions,
  multiproofSiblingCount,
  requireChallengeRows,
  type MultiproofInput,
  type NodePosition,
} from './multiproof.ts';
