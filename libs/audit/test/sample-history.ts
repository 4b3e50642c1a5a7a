import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  keyPairFromSeed,
  merkleRoot,
  multiproofPositions,
  publicKeyToDid,
  treeLevelSizes,
  workTreeHasher,
} from '@tops/crypto';
import {
  challengeSignedBytes,
  encodeProof,
  KERNEL_VERSION,
  receiptIdOf,
  receiptSignedBytes,
  shapeOps,
} from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import {
  headSignedBytes,
  INITIAL_HASH,
  ledgerRoot,
  nextHead,
  nextPrevHash,
  type ArchiveSource,
  type CreditFields,
  type EpochFields,
  type FinalOutcome,
  type ReceiptFields,
} from '../src/index.ts';

/** An Ed25519 key that signs by node:crypto: tweetnacl takes 0.1 s inside jest's contexts. */
export class SampleKey {
  readonly hex: string;
  readonly did: string;
  readonly #privateKey: KeyObject;

  constructor(seed: number) {
    const { seed: secret, publicKey } = keyPairFromSeed(seededBytes(seed, 32));
    this.hex = bytesToHex(publicKey);
    this.did = publicKeyToDid(publicKey);
    const key = Buffer.from(`302e020100300506032b657004220420${bytesToHex(secret)}`, 'hex');
    this.#privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  }

  signHex(message: Uint8Array): string {
    return bytesToHex(sign(null, message, this.#privateKey));
  }
}

const EPOCH_MS = 60_000;
const shape = { m: 64, n: 64, k: 64 };
const rows = [3, 17, 40];

/** What an epoch of the sample holds: outcomes by worker. Rejections and revocations of an epoch are settled at once. */
export type Plan = readonly (readonly [
  worker: number,
  outcome: FinalOutcome,
  settledAt?: number,
])[];

interface SampleEpoch {
  readonly epoch: EpochFields;
  readonly receipts: readonly ReceiptFields[];
  readonly credits: readonly CreditFields[];
}

/** A verifier's history made by hand from the protocol's rules, every signature real. Each epoch seals one epoch later. */
export class SampleHistory implements ArchiveSource {
  readonly verifier = new SampleKey(500);
  readonly epochs: SampleEpoch[] = [];
  readonly #workers = new Map<number, SampleKey>();

  constructor(plans: readonly Plan[], firstId = 1000) {
    plans.forEach((plan, index) => {
      // One id is skipped, as after a pause.
      this.#add(firstId + index + (index > 1 ? 1 : 0), plan);
    });
  }

  worker(seed: number): SampleKey {
    const known = this.#workers.get(seed) ?? new SampleKey(seed);
    this.#workers.set(seed, known);
    return known;
  }

  async epoch(epochId: number) {
    return this.epochs.find(({ epoch }) => epoch.epoch_id === epochId)?.epoch;
  }

  async *epochsFrom(fromId: number) {
    for (const { epoch } of this.epochs) if (epoch.epoch_id >= fromId) yield epoch;
  }

  async *receipts(epochId: number) {
    yield* this.epochs.find(({ epoch }) => epoch.epoch_id === epochId)?.receipts ?? [];
  }

  async *credits(epochId: number) {
    yield* this.epochs.find(({ epoch }) => epoch.epoch_id === epochId)?.credits ?? [];
  }

  #add(epochId: number, plan: Plan): void {
    const previous = this.epochs.at(-1)?.epoch;
    const sealed = this.epochs.at(-2)?.epoch;
    const entropy = seededBytes(epochId, 32);
    const prevHash = nextPrevHash({
      previousPrevHash: previous ? hexToBytes(previous.prev_hash_hex) : INITIAL_HASH,
      latestHead: sealed ? hexToBytes(sealed.head_hex) : INITIAL_HASH,
      epochId,
      entropy,
    });
    const receipts = plan.map(([worker, outcome, settledAt], nonce) =>
      this.#receipt({ epochId, prevHash, worker, outcome, nonce, settledAt }),
    );
    const root = ledgerRoot(receipts);
    const head = nextHead({
      previousHead: previous ? hexToBytes(previous.head_hex) : INITIAL_HASH,
      epochId,
      entryCount: receipts.length,
      ledgerRoot: root,
    });
    const statement = {
      entry_count: receipts.length,
      epoch_id: epochId,
      head_hex: bytesToHex(head),
      ledger_root_hex: bytesToHex(root),
      prev_hash_hex: bytesToHex(prevHash),
    };
    const epoch = {
      ...statement,
      head_sig_hex: this.verifier.signHex(headSignedBytes(statement)),
      verifier_key_hex: this.verifier.hex,
      opens_at: epochId * EPOCH_MS,
      closes_at: (epochId + 1) * EPOCH_MS,
      entropy_hex: bytesToHex(entropy),
      ...(previous === undefined ? {} : { previous_epoch_id: previous.epoch_id }),
      ...(sealed === undefined ? {} : { sealed_at_opening_epoch_id: sealed.epoch_id }),
    };
    this.epochs.push({ epoch, receipts, credits: creditsOf(receipts) });
  }

  #receipt(input: {
    epochId: number;
    prevHash: Uint8Array;
    worker: number;
    outcome: FinalOutcome;
    nonce: number;
    settledAt: number | undefined;
  }): ReceiptFields {
    const { epochId, outcome, nonce } = input;
    const worker = this.worker(input.worker);
    const isTakenBack = outcome === 'rejected' || outcome === 'revoked';
    const leaves = Array.from({ length: shape.m }, (_, row) =>
      seededBytes(epochId * 1000 + nonce * 100 + row, 32),
    );
    const unsigned = {
      kernel_ver: KERNEL_VERSION,
      device_did: nonce % 2 === 0 ? worker.did : 'a-label',
      public_key_hex: worker.hex,
      epoch_id: epochId,
      prev_hash_hex: bytesToHex(input.prevHash),
      nonce,
      sizes: shape,
      work_root_hex: bytesToHex(merkleRoot(leaves, workTreeHasher)),
      time_ms: 12,
      driver_hint: 'sample',
    };
    const signedBytes = receiptSignedBytes(unsigned);
    const receipt_id = receiptIdOf(signedBytes);
    const received_at = epochId * EPOCH_MS + 100 + nonce;
    const deadline_at = received_at + 10_000;
    const challenge = { receipt_id, rows, deadline_at };
    return {
      receipt: { ...unsigned, sig_hex: worker.signHex(signedBytes) },
      ...challenge,
      challenge_sig_hex: this.verifier.signHex(challengeSignedBytes(challenge)),
      received_at,
      outcome,
      credited_ops: outcome === 'accepted' ? shapeOps(shape).toString() : '0',
      settled_at: input.settledAt ?? (isTakenBack ? epochId * EPOCH_MS + 2000 : received_at + 50),
      ...(outcome === 'rejected' ? { mismatch_row: 17, ...openRows(leaves) } : {}),
    };
  }
}

function openRows(leaves: readonly Uint8Array[]) {
  const levels = [[...leaves]];
  for (const size of treeLevelSizes(leaves.length).slice(1)) {
    const below = levels.at(-1)!;
    levels.push(
      Array.from({ length: size }, (_, i) => {
        const right = below[2 * i + 1];
        return right ? workTreeHasher.hashChildren(below[2 * i]!, right) : below[2 * i]!;
      }),
    );
  }
  return encodeProof({
    leaves: concatBytes(...rows.map((row) => leaves[row]!)),
    siblings: concatBytes(
      ...multiproofPositions(leaves.length, rows).map(({ level, index }) => levels[level]![index]!),
    ),
  });
}

function creditsOf(receipts: readonly ReceiptFields[]): CreditFields[] {
  const keys = [...new Set(receipts.map(({ receipt }) => receipt.public_key_hex))].sort();
  return keys.map((key) => {
    const own = receipts.filter(({ receipt }) => receipt.public_key_hex === key);
    const count = (outcome: FinalOutcome) => own.filter((one) => one.outcome === outcome).length;
    return {
      did: publicKeyToDid(hexToBytes(key)),
      public_key_hex: key,
      credited_ops: own
        .reduce((sum, { credited_ops }) => sum + BigInt(credited_ops), 0n)
        .toString(),
      accepted: count('accepted'),
      rejected: count('rejected'),
      missed: count('missed'),
      revoked: count('revoked'),
    };
  });
}
