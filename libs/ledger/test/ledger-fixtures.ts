import { blake3, bytesToHex, hexToBytes, publicKeyToDid } from '@tops/crypto';
import {
  KERNEL_VERSION,
  receiptIdOf,
  receiptSignedBytes,
  type ParsedReceipt,
} from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import type { CommitInput, LedgerStore } from '../src/index.ts';

/** EPOCH_SECONDS of the fixtures' clock, in milliseconds. */
export const EPOCH_MS = 60_000;

/** A key by number. The ledger checks no signature, so no private half is needed. */
export function publicKeyHexOf(key: number): string {
  return bytesToHex(seededBytes(1_000 + key, 32));
}

/** Entropy by number. */
export function entropyOf(seed: number): Uint8Array {
  return seededBytes(2_000 + seed, 32);
}

/** A receipt as the protocol's parser gives it, but for the signature, which is 64 zero bytes. */
export function makeReceipt(options: {
  key: number;
  epochId: number;
  nonce: number;
  m?: number;
  label?: string;
  workRoot?: number;
}): ParsedReceipt {
  const publicKeyHex = publicKeyHexOf(options.key);
  const publicKey = hexToBytes(publicKeyHex);
  const workRoot = blake3(seededBytes(options.workRoot ?? options.nonce, 32));
  const workerDid = publicKeyToDid(publicKey);
  const unsigned = {
    kernel_ver: KERNEL_VERSION,
    device_did: options.label ?? workerDid,
    public_key_hex: publicKeyHex,
    epoch_id: options.epochId,
    prev_hash_hex: '00'.repeat(32),
    nonce: options.nonce,
    sizes: { m: options.m ?? 4096, n: 64, k: 64 },
    work_root_hex: bytesToHex(workRoot),
    time_ms: 1,
    driver_hint: '',
  };
  const signedBytes = receiptSignedBytes(unsigned);
  return {
    receipt: { ...unsigned, sig_hex: '00'.repeat(64) },
    receiptId: receiptIdOf(signedBytes),
    signedBytes,
    publicKey,
    prevHash: new Uint8Array(32),
    workRoot,
    signature: new Uint8Array(64),
    workerDid,
    label: options.label,
  };
}

/** Ops of makeReceipt's default shape: 2·4096·64·128. */
export const DEFAULT_OPS = 67_108_864n;

/** DEFAULT_OPS in units of 2^19. */
export const DEFAULT_UNITS = 128n;

/** A commit as the verifier makes it. */
export function commitInput(
  parsed: ParsedReceipt,
  options: Partial<CommitInput> = {},
): CommitInput {
  const receivedAtMs = options.receivedAtMs ?? parsed.receipt.epoch_id * EPOCH_MS + 100;
  return {
    parsed,
    rows: [1, 17, 4000],
    deadlineAtMs: receivedAtMs + 10_000,
    challengeSigHex: 'ab'.repeat(64),
    receivedAtMs,
    maxOpen: 32,
    maxOpenNewKey: 4,
    maxPerSecond: 1_000_000,
    ...options,
  };
}

/** Opens an epoch with its number as the seed of the entropy. */
export async function openEpoch(store: LedgerStore, epochId: number): Promise<void> {
  await store.openEpoch({
    epochId,
    entropy: entropyOf(epochId),
    opensAtMs: epochId * EPOCH_MS,
    closesAtMs: (epochId + 1) * EPOCH_MS,
  });
}

/** Commits and accepts one receipt; returns its id. */
export async function acceptOne(
  store: LedgerStore,
  options: { key: number; epochId: number; nonce: number; m?: number; label?: string },
): Promise<string> {
  const parsed = makeReceipt(options);
  const input = commitInput(parsed);
  const committed = await store.commitReceipt(input);
  if (committed.kind !== 'created') throw new Error(`expected created, got ${committed.kind}`);
  const atMs = input.receivedAtMs + 50;
  await store.settleReceipt({ receiptId: parsed.receiptId, outcome: 'accepted', atMs });
  return parsed.receiptId;
}

/** Accepts receipts of one key in one epoch, all at once (two transactions); returns their ids in commit order. */
export async function acceptMany(
  store: LedgerStore,
  options: { key: number; epochId: number; count: number },
): Promise<string[]> {
  const inputs = Array.from({ length: options.count }, (_, nonce) =>
    commitInput(makeReceipt({ ...options, nonce }), { maxOpen: 1_000, maxOpenNewKey: 1_000 }),
  );
  await Promise.all(inputs.map((input) => store.commitReceipt(input)));
  const ids = inputs.map((input) => input.parsed.receiptId);
  await Promise.all(
    ids.map((receiptId) => store.settleReceipt({ receiptId, outcome: 'accepted', atMs: 1 })),
  );
  return ids;
}
