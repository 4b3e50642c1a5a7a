import { bytesToHex, keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { seededBytes } from '@tops/testing';
import {
  type AdminAct,
  type AdminKey,
  type BundleMessage,
  type Challenge,
  type EpochInfo,
  type EvidenceMessage,
  KERNEL_VERSION,
  type ProofMessage,
  type Receipt,
  type UnsignedReceipt,
  type WorkerInfo,
  defaultLimits,
  encodeProof,
  signReceipt,
} from '../src/index.ts';

export const workerKey = keyPairFromSeed(seededBytes(1, 32));
export const otherKey = keyPairFromSeed(seededBytes(2, 32));
export const workerDid = publicKeyToDid(workerKey.publicKey);

export const goodUnsigned: UnsignedReceipt = {
  kernel_ver: KERNEL_VERSION,
  device_did: workerDid,
  public_key_hex: bytesToHex(workerKey.publicKey),
  epoch_id: 29_400_123,
  prev_hash_hex: bytesToHex(seededBytes(3, 32)),
  nonce: 7,
  sizes: { m: 16_384, n: 1024, k: 512 },
  work_root_hex: bytesToHex(seededBytes(4, 32)),
  time_ms: 298,
  driver_hint: 'cpu:wasm-simd',
};
export const goodReceipt: Receipt = signReceipt(goodUnsigned, workerKey);

export const goodProof: ProofMessage = encodeProof({
  leaves: seededBytes(5, 3 * 32),
  siblings: seededBytes(6, 30 * 32),
});

export const goodBundle: BundleMessage = {
  receipt: goodReceipt,
  rows: [0, 77, 16_383],
  ...goodProof,
};

export const goodChallenge: Challenge = {
  receipt_id: bytesToHex(seededBytes(7, 32)),
  rows: [0, 77, 16_383],
  deadline_at: 1_767_225_610_000,
  challenge_sig_hex: bytesToHex(seededBytes(8, 64)),
};

export const goodEvidence: EvidenceMessage = {
  ...goodBundle,
  deadline_at: goodChallenge.deadline_at,
  challenge_sig_hex: goodChallenge.challenge_sig_hex,
  verifier_key_hex: bytesToHex(otherKey.publicKey),
  mismatch_row: 77,
};

export const goodEpochInfo: EpochInfo = {
  epoch_id: 29_400_123,
  prev_hash_hex: bytesToHex(seededBytes(9, 32)),
  opens_at: 1_764_007_380_000,
  closes_at: 1_764_007_440_000,
  kernel_ver: KERNEL_VERSION,
  verifier_key_hex: bytesToHex(otherKey.publicKey),
  limits: defaultLimits,
};

export const goodWorker: WorkerInfo = {
  did: workerDid,
  public_key_hex: goodUnsigned.public_key_hex,
  label: 'rack-3.gpu_0',
  credited_ops: '18446744073709551616',
  verified_tops: 1.25,
  accepted: 12,
  rejected: 1,
  missed: 2,
  audit_rows: 8,
  state: 'active',
  last_seen_at: 1_764_007_400_000,
};

export const goodAdminKey: AdminKey = {
  did: workerDid,
  public_key_hex: goodUnsigned.public_key_hex,
  label: null,
  state: 'quarantined',
  quarantined_until_epoch: 29_400_200,
  allowed_by: 'act',
  allowed_at: 1_764_007_400_000,
  credited_ops: '18446744073709551616',
  accepted: 12,
  rejected: 1,
  missed: 2,
  revoked: 3,
  last_seen_at: null,
};

export const goodAdminAct: AdminAct = {
  sequence: 4,
  at: 1_764_007_400_000,
  actor: 'Ada',
  reason: 'the same key on two machines',
  act: 'quarantine',
  public_key_hex: goodUnsigned.public_key_hex,
  until_epoch: 29_400_200,
};

/** The bytes a peer would send. */
export function wire(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}
