import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import {
  type KeyPair,
  bytesToHex,
  concatBytes,
  generateSeed,
  keyPairFromSeed,
  merkleRoot,
  multiproofPositions,
  treeLevelSizes,
  workTreeHasher,
} from '@tops/crypto';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { type Attempt, deriveAttemptKey, type Kernel } from '@tops/kernel-spec';
import {
  type Challenge,
  type EpochInfo,
  KERNEL_VERSION,
  type ProofMessage,
  type Receipt,
  type Shape,
  type UnsignedReceipt,
  encodeProof,
  receiptSignedBytes,
} from '@tops/protocol';

/** Rows of one attempt that the worker really computed; junk stands in for the others. */
export interface ManualAttempt {
  readonly receipt: Receipt;
  readonly skippedRows: ReadonlySet<number>;
  /** Answers with whatever was committed, junk rows included. */
  prove(challenge: Challenge): ProofMessage;
}

/**
 * A worker driven step by step, which can leave rows out: it commits junk leaves for `skippedRows`. Everything else it
 * does as the protocol says, so only the skipped work sets it apart from an honest one.
 */
export class ManualWorker {
  readonly keyPair: KeyPair;
  readonly #privateKey: KeyObject;
  readonly #kernel: Pick<Kernel, 'computeLeaves'>;
  readonly #shape: Shape;
  #nonce = 0;

  /** @param kernel - the plain reference one when absent. */
  constructor(shape: Shape, kernel: Pick<Kernel, 'computeLeaves'> = createReferenceKernel()) {
    this.#kernel = kernel;
    const seed = generateSeed();
    this.keyPair = keyPairFromSeed(seed);
    this.#privateKey = privateKeyOf(seed);
    this.#shape = shape;
  }

  async attempt(epoch: EpochInfo, skippedRows: ReadonlySet<number>): Promise<ManualAttempt> {
    const shape = this.#shape;
    const nonce = this.#nonce++;
    const prevHash = Uint8Array.from(Buffer.from(epoch.prev_hash_hex, 'hex'));
    const attemptKey = deriveAttemptKey({
      prevHash,
      publicKey: this.keyPair.publicKey,
      nonce,
      shape,
    });
    const levels = buildLevels(await this.#leaves({ attemptKey, shape }, skippedRows));
    const receipt = this.#sign({
      kernel_ver: KERNEL_VERSION,
      device_did: 'manual-worker',
      public_key_hex: bytesToHex(this.keyPair.publicKey),
      epoch_id: epoch.epoch_id,
      prev_hash_hex: epoch.prev_hash_hex,
      nonce,
      sizes: shape,
      work_root_hex: bytesToHex(merkleRoot(levels[0] ?? [], workTreeHasher)),
      time_ms: 1,
      driver_hint: 'manual',
    });
    return { receipt, skippedRows, prove: ({ rows }) => openLevels(levels, shape.m, rows) };
  }

  /** Another receipt for the same attempt, signed anew: of the two only one may be recorded. */
  rivalOf(attempt: ManualAttempt): ManualAttempt {
    const receipt = this.#sign({ ...attempt.receipt, driver_hint: 'manual, again' });
    return { ...attempt, receipt };
  }

  /** By OpenSSL: the same bytes as @tops/crypto's, some hundred times faster here. */
  #sign(unsigned: UnsignedReceipt): Receipt {
    const signature = sign(null, receiptSignedBytes(unsigned), this.#privateKey);
    return { ...unsigned, sig_hex: bytesToHex(signature) };
  }

  async #leaves(attempt: Attempt, skippedRows: ReadonlySet<number>): Promise<Uint8Array[]> {
    const rowCount = attempt.shape.m;
    const computedRows = Array.from({ length: rowCount }, (_, row) => row).filter(
      (row) => !skippedRows.has(row),
    );
    const packed = await this.#kernel.computeLeaves(attempt, computedRows);
    const leaves = Array.from({ length: rowCount }, () => generateSeed());
    computedRows.forEach((row, i) => (leaves[row] = packed.subarray(i * 32, i * 32 + 32)));
    return leaves;
  }
}

/** PKCS #8 of an Ed25519 seed (RFC 8410, section 7). */
function privateKeyOf(seed: Uint8Array): KeyObject {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  return createPrivateKey({
    key: Buffer.concat([prefix, seed]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** Every level of the tree, leaves first, an unpaired last node promoted (RFC 9162 shape). */
function buildLevels(leaves: Uint8Array[]): Uint8Array[][] {
  const levels = [leaves];
  for (const size of treeLevelSizes(leaves.length).slice(1)) {
    const below = levels.at(-1) ?? [];
    levels.push(
      Array.from({ length: size }, (_, i) => {
        const left = below[2 * i] as Uint8Array;
        const right = below[2 * i + 1];
        return right ? workTreeHasher.hashChildren(left, right) : left;
      }),
    );
  }
  return levels;
}

function openLevels(
  levels: Uint8Array[][],
  leafCount: number,
  rows: readonly number[],
): ProofMessage {
  return encodeProof({
    leaves: concatBytes(...rows.map((row) => levels[0]?.[row] as Uint8Array)),
    siblings: concatBytes(
      ...multiproofPositions(leafCount, rows).map(
        ({ level, index }) => levels[level]?.[index] as Uint8Array,
      ),
    ),
  });
}
