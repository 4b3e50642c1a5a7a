import {
  blake3,
  bytesToHex,
  concatBytes,
  keyPairFromSeed,
  multiproofPositions,
  publicKeyToDid,
  workTreeHasher,
  type KeyPair,
} from '@tops/crypto';
import {
  deriveAttemptKey,
  layer1Shift,
  layer2Shift,
  leafHash,
  requantise,
  streamRow,
  weightsKey,
  type Attempt,
  type Opening,
} from '@tops/kernel-spec';
import {
  KERNEL_VERSION,
  parseReceipt,
  signReceipt,
  type ParsedReceipt,
  type Shape,
} from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import type { ComputeLeaves } from '../src/index.ts';

/** Small enough that a specification of the kernel in plain loops computes a whole attempt in milliseconds. */
export const TINY: Shape = { m: 64, n: 64, k: 64 };

export const workerKeyPair: KeyPair = keyPairFromSeed(seededBytes(5, 32));
export const beacon: Uint8Array = seededBytes(6, 32);
export const EPOCH_ID = 29_000_000;

const weights = new Map<string, Int8Array[]>();

function weightRows(layer: 1 | 2, rowCount: number, columnCount: number): Int8Array[] {
  const name = `${layer}/${rowCount}/${columnCount}`;
  let rows = weights.get(name);
  if (rows === undefined) {
    const key = weightsKey(layer);
    rows = Array.from({ length: rowCount }, (_, row) => streamRow(key, row, columnCount));
    weights.set(name, rows);
  }
  return rows;
}

function multiply(left: ArrayLike<number>, right: Int8Array[], shift: number): Uint8Array {
  const sums = new Int32Array(right[0]!.length);
  for (let i = 0; i < left.length; i++) {
    const factor = left[i]!;
    const row = right[i]!;
    for (let column = 0; column < sums.length; column++) sums[column]! += factor * row[column]!;
  }
  return Uint8Array.from(sums, (sum) => requantise(sum, shift));
}

function plainLeaf(attempt: Attempt, row: number): Uint8Array {
  const { attemptKey, shape } = attempt;
  const { n, k } = shape;
  const a = streamRow(attemptKey, row, k);
  const y1 = multiply(a, weightRows(1, k, n), layer1Shift(k));
  const y2 = multiply(y1, weightRows(2, n, n), layer2Shift(n));
  return leafHash(attemptKey, y2);
}

/** The kernel in plain loops, from the sentences of the protocol. */
export const plainLeaves: ComputeLeaves = async (attempt, rows) =>
  concatBytes(...rows.map((row) => plainLeaf(attempt, row)));

const leavesOfAttempts = new Map<string, Uint8Array[]>();

/** All leaves of an attempt, computed once: tests commit to the same one with other rows left out. */
function honestLeaves(attempt: Attempt): Uint8Array[] {
  const name = bytesToHex(attempt.attemptKey);
  let leaves = leavesOfAttempts.get(name);
  if (leaves === undefined) {
    leaves = Array.from({ length: attempt.shape.m }, (_, row) => plainLeaf(attempt, row));
    leavesOfAttempts.set(name, leaves);
  }
  return leaves;
}

/** A committed attempt, signed and parsed. */
export interface PlainCommitment {
  readonly attempt: Attempt;
  readonly parsed: ParsedReceipt;
  open(rows: readonly number[]): Opening;
}

/**
 * Computes, commits and signs an attempt; the leaves of `skippedRows` are junk instead of work.
 */
export function commitPlainly(
  options: {
    shape?: Shape;
    nonce?: number;
    skippedRows?: ReadonlySet<number>;
    keyPair?: KeyPair;
    change?: Partial<ParsedReceipt['receipt']>;
  } = {},
): PlainCommitment {
  const { shape = TINY, nonce = 0, skippedRows = new Set(), keyPair = workerKeyPair } = options;
  const { publicKey } = keyPair;
  const attemptKey = deriveAttemptKey({ prevHash: beacon, publicKey, nonce, shape });
  const attempt = { attemptKey, shape };
  const leaves = honestLeaves(attempt).map((leaf, row) =>
    skippedRows.has(row) ? blake3(seededBytes(row, 8)) : leaf,
  );
  const levels = treeLevels(leaves);
  // Signing takes longer than a tiny attempt, and not every test looks at the receipt.
  let memo: ParsedReceipt | undefined;
  const signedReceipt = (): ParsedReceipt => {
    const receipt = signReceipt(
      {
        kernel_ver: KERNEL_VERSION,
        device_did: publicKeyToDid(publicKey),
        public_key_hex: bytesToHex(publicKey),
        epoch_id: EPOCH_ID,
        prev_hash_hex: bytesToHex(beacon),
        nonce,
        sizes: shape,
        work_root_hex: bytesToHex(levels.at(-1)![0]!),
        time_ms: 1,
        driver_hint: 'test:plain',
        ...options.change,
      },
      keyPair,
    );
    const parsed = parseReceipt(receipt);
    if (!parsed.ok) throw new Error(parsed.problem.detail);
    return parsed.value;
  };
  return {
    attempt,
    get parsed() {
      return (memo ??= signedReceipt());
    },
    open: (rows) => ({
      leaves: concatBytes(...rows.map((row) => leaves[row]!)),
      siblings: concatBytes(
        ...multiproofPositions(shape.m, rows).map(({ level, index }) => levels[level]![index]!),
      ),
    }),
  };
}

function treeLevels(leaves: Uint8Array[]): Uint8Array[][] {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, index) => {
      const [left, right] = level.slice(index * 2, index * 2 + 2);
      return right === undefined ? left! : workTreeHasher.hashChildren(left!, right);
    });
  }
  return levels;
}
