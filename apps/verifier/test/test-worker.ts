import { createHash, createPrivateKey, sign, type KeyObject } from 'node:crypto';
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  keyPairFromSeed,
  merkleRoot,
  multiproofPositions,
  treeLevelSizes,
  workTreeHasher,
  type KeyPair,
} from '@tops/crypto';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { deriveAttemptKey } from '@tops/kernel-spec';
import {
  encodeProof,
  KERNEL_VERSION,
  receiptSignedBytes,
  type EpochInfo,
  type ProofMessage,
  type Receipt,
  type Shape,
  type UnsignedReceipt,
} from '@tops/protocol';
import { seededBytes } from '@tops/testing';

export const tinyShape: Shape = { m: 64, n: 64, k: 64 };
const kernel = createReferenceKernel();

/** A finished attempt: what it signed, and the tree to open. */
export interface TestAttempt {
  readonly receipt: Receipt;
  prove(rows: readonly number[]): ProofMessage;
  hashes(rows: readonly number[]): { leaves: Uint8Array; siblings: Uint8Array };
}

/** A worker driven by hand: honest but for the rows it is told to get wrong. */
export class TestWorker {
  readonly keyPair: KeyPair;
  readonly publicKeyHex: string;
  readonly #privateKey: KeyObject;
  #nonce = 0;

  constructor(seed: number) {
    this.keyPair = keyPairFromSeed(seededBytes(seed, 32));
    this.publicKeyHex = bytesToHex(this.keyPair.publicKey);
    const key = Buffer.from(
      `302e020100300506032b657004220420${bytesToHex(this.keyPair.seed)}`,
      'hex',
    );
    this.#privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  }

  /** As signReceipt; by node:crypto, because tweetnacl takes 0.1 s inside jest's contexts. */
  sign(unsigned: UnsignedReceipt): Receipt {
    const signature = sign(null, receiptSignedBytes(unsigned), this.#privateKey);
    return { ...unsigned, sig_hex: bytesToHex(signature) };
  }

  /**
   * Another good signature over the same bytes: RFC 8032 §5.1.6 with a nonce r of the signer's choice. r is the secret
   * scalar of a second key pair, so that R is its public key and no point needs to be multiplied here.
   */
  signAnew(unsigned: UnsignedReceipt, nonceSeed = seededBytes(4711, 32)): string {
    const R = keyPairFromSeed(nonceSeed).publicKey;
    const { seed, publicKey } = this.keyPair;
    const challenge = fromLittleEndian(sha512(R, publicKey, receiptSignedBytes(unsigned)));
    const S = (secretScalar(nonceSeed) + challenge * secretScalar(seed)) % groupOrder;
    return (
      bytesToHex(R) + bytesToHex(Buffer.from(S.toString(16).padStart(64, '0'), 'hex').reverse())
    );
  }

  async attempt(
    epoch: Pick<EpochInfo, 'epoch_id' | 'prev_hash_hex'>,
    options: {
      shape?: Shape;
      wrongRows?: readonly number[];
      change?: Partial<UnsignedReceipt>;
    } = {},
  ): Promise<TestAttempt> {
    const shape = options.shape ?? tinyShape;
    const nonce = options.change?.nonce ?? this.#nonce++;
    const prevHash = hexToBytes(epoch.prev_hash_hex);
    const { publicKey } = this.keyPair;
    const attemptKey = deriveAttemptKey({ prevHash, publicKey, nonce, shape });
    const allRows = Array.from({ length: shape.m }, (_, row) => row);
    const packed = await kernel.computeLeaves({ attemptKey, shape }, allRows);
    const leaves = allRows.map((row) => packed.slice(row * 32, row * 32 + 32));
    for (const row of options.wrongRows ?? []) leaves[row]![0]! ^= 1;
    const receipt = this.sign({
      kernel_ver: KERNEL_VERSION,
      device_did: 'test-worker',
      public_key_hex: this.publicKeyHex,
      epoch_id: epoch.epoch_id,
      prev_hash_hex: epoch.prev_hash_hex,
      nonce,
      sizes: shape,
      work_root_hex: bytesToHex(merkleRoot(leaves, workTreeHasher)),
      time_ms: 1,
      driver_hint: 'test',
      ...options.change,
    });
    const levels = buildLevels(leaves);
    const hashes = (rows: readonly number[]) => openLevels(levels, shape.m, rows);
    return { receipt, hashes, prove: (rows) => encodeProof(hashes(rows)) };
  }
}

/** L of RFC 8032 §5.1. */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

function sha512(...parts: Uint8Array[]): Uint8Array {
  return createHash('sha512')
    .update(concatBytes(...parts))
    .digest();
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** RFC 8032 §5.1.5, steps 1 to 3. */
function secretScalar(seed: Uint8Array): bigint {
  const scalar = Uint8Array.from(sha512(seed).subarray(0, 32));
  scalar[0]! &= 248;
  scalar[31]! = (scalar[31]! & 127) | 64;
  return fromLittleEndian(scalar);
}

/** Every level of the tree, leaves first, an unpaired last node promoted (RFC 9162 §2.1.1). */
function buildLevels(leaves: Uint8Array[]): Uint8Array[][] {
  const levels = [leaves];
  for (const size of treeLevelSizes(leaves.length).slice(1)) {
    const below = levels.at(-1)!;
    levels.push(
      Array.from({ length: size }, (_, i) => {
        const right = below[2 * i + 1];
        return right ? workTreeHasher.hashChildren(below[2 * i]!, right) : below[2 * i]!;
      }),
    );
  }
  return levels;
}

function openLevels(levels: Uint8Array[][], leafCount: number, rows: readonly number[]) {
  return {
    leaves: concatBytes(...rows.map((row) => levels[0]![row]!)),
    siblings: concatBytes(
      ...multiproofPositions(leafCount, rows).map(({ level, index }) => levels[level]![index]!),
    ),
  };
}
