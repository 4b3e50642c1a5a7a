import { generateKeyPairSync, sign } from 'node:crypto';
import { bytesToBase64, bytesToHex, multiproofPositions, workTreeHasher } from '@tops/crypto';
import type { CpuKernel } from '@tops/kernel-cpu';
import { deriveAttemptKey } from '@tops/kernel-spec';
import {
  KERNEL_VERSION,
  receiptIdOf,
  receiptSignedBytes,
  type Shape,
  type UnsignedReceipt,
} from '@tops/protocol';

/** The epoch that everything is prepared for. */
export interface Beacon {
  readonly epochId: number;
  readonly prevHash: Uint8Array;
}

/** One honest receipt under a key of its own, and all nodes of its tree: any challenge can be answered at once. */
export interface PreparedReceipt {
  readonly receiptId: string;
  /** The body of POST /v1/receipts. */
  readonly commitBody: string;
  /** Level after level, leaves first, 32 bytes a node. m is a power of two. */
  readonly nodes: Uint8Array;
}

const HASH_BYTES = 32;
/** Attempts computed at the same time: keeps the kernel's threads busy. */
const CONCURRENCY = 8;

/** Receipts with distinct keys, all rows really computed. */
export async function prepareReceipts(
  input: { readonly count: number; readonly beacon: Beacon; readonly shape: Shape },
  deps: { readonly kernel: CpuKernel },
): Promise<PreparedReceipt[]> {
  const receipts: PreparedReceipt[] = [];
  let startedCount = 0;
  const work = async (): Promise<void> => {
    while (startedCount++ < input.count) {
      receipts.push(await prepareReceipt(input, deps));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return receipts;
}

async function prepareReceipt(
  { beacon, shape }: { readonly beacon: Beacon; readonly shape: Shape },
  { kernel }: { readonly kernel: CpuKernel },
): Promise<PreparedReceipt> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const publicKeyBytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-HASH_BYTES);
  const attemptKey = deriveAttemptKey({
    prevHash: beacon.prevHash,
    publicKey: publicKeyBytes,
    nonce: 0,
    shape,
  });
  const rows = Array.from({ length: shape.m }, (_, row) => row);
  const leaves = await kernel.computeLeaves({ attemptKey, shape }, rows);
  const nodes = allNodes(leaves);
  const unsigned: UnsignedReceipt = {
    kernel_ver: KERNEL_VERSION,
    device_did: 'bench',
    public_key_hex: bytesToHex(publicKeyBytes),
    epoch_id: beacon.epochId,
    prev_hash_hex: bytesToHex(beacon.prevHash),
    nonce: 0,
    sizes: shape,
    work_root_hex: bytesToHex(nodes.subarray(-HASH_BYTES)),
    time_ms: 1,
    driver_hint: kernel.driverHint,
  };
  const signedBytes = receiptSignedBytes(unsigned);
  const signature = bytesToHex(sign(null, signedBytes, privateKey));
  return {
    receiptId: receiptIdOf(signedBytes),
    commitBody: JSON.stringify({ ...unsigned, sig_hex: signature }),
    nodes,
  };
}

function allNodes(leaves: Uint8Array): Uint8Array {
  const nodes = new Uint8Array(leaves.length * 2 - HASH_BYTES);
  nodes.set(leaves);
  const at = (index: number) => nodes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  const leafCount = leaves.length / HASH_BYTES;
  for (let parent = leafCount, child = 0; parent < 2 * leafCount - 1; parent++, child += 2) {
    nodes.set(workTreeHasher.hashChildren(at(child), at(child + 1)), parent * HASH_BYTES);
  }
  return nodes;
}

/** The body of the proof that answers `rows`. */
export function proofBody(receipt: PreparedReceipt, rows: readonly number[]): string {
  const leafCount = (receipt.nodes.length / HASH_BYTES + 1) / 2;
  const leaves = new Uint8Array(rows.length * HASH_BYTES);
  rows.forEach((row, i) => {
    leaves.set(nodeAt(receipt, row), i * HASH_BYTES);
  });
  const positions = multiproofPositions(leafCount, rows);
  const siblings = new Uint8Array(positions.length * HASH_BYTES);
  positions.forEach(({ level, index }, i) => {
    const levelStart = 2 * leafCount - leafCount / 2 ** (level - 1);
    siblings.set(nodeAt(receipt, levelStart + index), i * HASH_BYTES);
  });
  return `{"leaves":"${bytesToBase64(leaves)}","siblings":"${bytesToBase64(siblings)}"}`;
}

function nodeAt({ nodes }: PreparedReceipt, index: number): Uint8Array {
  return nodes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}
