import { bytesToHex, keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { deriveAttemptKey } from '@tops/kernel-spec';
import {
  encodeProof,
  KERNEL_VERSION,
  signReceipt,
  type Receipt,
  type Shape,
  type UnsignedReceipt,
} from '@tops/protocol';
import { seededBytes } from '@tops/testing';

export interface BundleJson {
  readonly receipt: Receipt;
  readonly rows: readonly number[];
  readonly leaves: string;
  readonly siblings: string;
}

export const sampleKeyPair = keyPairFromSeed(seededBytes(1, 32));

/** An honest attempt by the reference, its receipt and the opening of `rows`. */
export async function sampleBundle(
  shape: Shape,
  rows: readonly number[],
): Promise<{ readonly unsigned: UnsignedReceipt; readonly bundle: BundleJson }> {
  const kernel = createReferenceKernel();
  const prevHash = seededBytes(2, 32);
  const { publicKey } = sampleKeyPair;
  const attemptKey = deriveAttemptKey({ prevHash, publicKey, nonce: 7, shape });
  const commitment = await kernel.commit({ attemptKey, shape });
  const unsigned = {
    kernel_ver: KERNEL_VERSION,
    device_did: publicKeyToDid(publicKey),
    public_key_hex: bytesToHex(publicKey),
    epoch_id: 1,
    prev_hash_hex: bytesToHex(prevHash),
    nonce: 7,
    sizes: shape,
    work_root_hex: bytesToHex(commitment.workRoot),
    time_ms: 1,
    driver_hint: 'cpu:reference',
  };
  const receipt = signReceipt(unsigned, sampleKeyPair);
  const bundle = { receipt, rows, ...encodeProof(await commitment.open(rows)) };
  await kernel.close();
  return { unsigned, bundle };
}
