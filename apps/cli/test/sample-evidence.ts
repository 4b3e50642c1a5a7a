import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  keyPairFromSeed,
  merkleRoot,
  multiproofPositions,
  publicKeyToDid,
  sign,
  workTreeHasher,
} from '@tops/crypto';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { deriveAttemptKey } from '@tops/kernel-spec';
import {
  challengeSignedBytes,
  encodeProof,
  KERNEL_VERSION,
  receiptIdOf,
  receiptSignedBytes,
  signReceipt,
  type EvidenceMessage,
} from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import { sampleKeyPair } from './sample-bundle.ts';

export const sampleVerifierKey = keyPairFromSeed(seededBytes(11, 32));
/** A power of two, so that the node above 2^l leaves is a tree of its own. */
const shape = { m: 128, n: 64, k: 64 };
const prevHash = seededBytes(2, 32);
const DEADLINE_AT = 1_750_000_000_000;

/** Evidence of an attempt that got `wrongRows` wrong, in a challenge that `verifierKey` signed. */
export async function sampleEvidence(options: {
  readonly rows: readonly number[];
  readonly wrongRows: readonly number[];
  readonly mismatchRow: number;
  readonly verifierKey?: ReturnType<typeof keyPairFromSeed>;
}): Promise<EvidenceMessage> {
  const { rows, wrongRows, verifierKey = sampleVerifierKey } = options;
  const { publicKey } = sampleKeyPair;
  const attemptKey = deriveAttemptKey({ prevHash, publicKey, nonce: 7, shape });
  const kernel = createReferenceKernel();
  const all = Array.from({ length: shape.m }, (_, row) => row);
  const packed = await kernel.computeLeaves({ attemptKey, shape }, all);
  await kernel.close();
  const leaves = all.map((row) => packed.slice(row * 32, row * 32 + 32));
  for (const row of wrongRows) leaves[row]![0]! ^= 1;
  const unsigned = {
    kernel_ver: KERNEL_VERSION,
    device_did: publicKeyToDid(publicKey),
    public_key_hex: bytesToHex(publicKey),
    epoch_id: 1,
    prev_hash_hex: bytesToHex(prevHash),
    nonce: 7,
    sizes: shape,
    work_root_hex: bytesToHex(merkleRoot(leaves, workTreeHasher)),
    time_ms: 1,
    driver_hint: 'cpu:reference',
  };
  const challenge = {
    receipt_id: receiptIdOf(receiptSignedBytes(unsigned)),
    rows,
    deadline_at: DEADLINE_AT,
  };
  const siblings = multiproofPositions(shape.m, rows).map(({ level, index }) =>
    merkleRoot(leaves.slice(index << level, (index + 1) << level), workTreeHasher),
  );
  return {
    receipt: signReceipt(unsigned, sampleKeyPair),
    ...{ rows, deadline_at: DEADLINE_AT },
    challenge_sig_hex: bytesToHex(sign(challengeSignedBytes(challenge), verifierKey)),
    verifier_key_hex: bytesToHex(verifierKey.publicKey),
    ...encodeProof({
      leaves: concatBytes(...rows.map((row) => leaves[row]!)),
      siblings: concatBytes(...siblings),
    }),
    mismatch_row: options.mismatchRow,
  };
}

/** The hex with its first digit another. */
export function otherHex(hex: string): string {
  const bytes = hexToBytes(hex);
  bytes[0]! ^= 0x10;
  return bytesToHex(bytes);
}
