import type { Receipt } from '@tops/protocol';
import type { Outcome } from './ledger-entry.ts';

// What the ledger keeps, as LedgerStore gives it.

/** An epoch as stored. Ids only increase; `prevHash` and `entropy` never change once the epoch was opened. */
export interface EpochRecord {
  readonly epochId: number;
  /** The beacon, 32 bytes: prev_hash(e) of the protocol, computed by the store when the epoch was opened. */
  readonly prevHash: Uint8Array;
  /** The verifier's 32 random bytes that went into the beacon; published with the epoch. */
  readonly entropy: Uint8Array;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  /** The epoch opened before this one, whose beacon is chained in; absent for the very first. */
  readonly previousEpochId?: number;
  /** The latest sealed epoch when this one was opened, whose head is chained in; absent when none was sealed yet. */
  readonly sealedAtOpeningEpochId?: number;
  /** Present once sealed, immutable from then on. */
  readonly sealed?: EpochSeal;
  /** When its archive was on a disk; its receipts are gone then, or about to go. */
  readonly archivedAtMs?: number;
}

/** What sealing adds to an epoch. Hashes are 32 bytes. */
export interface EpochSeal {
  readonly head: Uint8Array;
  readonly ledgerRoot: Uint8Array;
  readonly entryCount: number;
  /** The verifier's signature on the head, from shortly after sealing; immutable. */
  readonly signed?: HeadSignature;
}

export interface HeadSignature {
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** 32 bytes. */
  readonly verifierKey: Uint8Array;
  readonly atMs: number;
}

/**
 * `new` until the key has a few standing accepted receipts and a streak, then `active`; `quarantined` while its receipts of
 * the latest opened epoch would be refused, then on `probation` until it has paid off its clean epochs.
 */
export type WorkerState = 'new' | 'active' | 'quarantined' | 'probation';

/**
 * A key's record. Units are 2^19 ops and bigint: a key at 1 POPS passes 2^53 units within two months, and 2^63 units only
 * after more than a century.
 */
export interface WorkerRecord {
  readonly publicKeyHex: string;
  readonly did: string;
  /** The label of the key's latest receipt, attacker-chosen text within the protocol's label alphabet. */
  readonly label?: string;
  /** Standing credit over all epochs: counts at acceptance, taken back by a revocation. */
  readonly creditedUnits: bigint;
  /** Receipts by where they stand now: a revocation moves accepted ones to `revoked`. */
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  readonly revoked: number;
  /** Units accepted since the last rejection; a missed answer halves it. See auditRows. */
  readonly streakUnits: bigint;
  /** First epoch whose receipts are taken again; kept after the quarantine has passed. */
  readonly quarantinedUntilEpoch?: number;
  /** Clean epochs the key still owes before its streak counts again; see isCleanEpoch. */
  readonly probationEpochs: number;
  /** Share of late answers that were missed, in parts of MISS_SCORE_ALL; see nextMissScore. */
  readonly missScore: number;
  /** 0 for a key that is known from an operator's act only. */
  readonly lastSeenAtMs: number;
  /** Credited ops of the last sealed epochs over their wall time, in 10^12 ops per second. */
  readonly verifiedTops: number;
  readonly state: WorkerState;
}

/** See LedgerStore.getStanding. */
export interface Standing {
  readonly stored?: ReceiptRecord;
  /** Absent for a key never seen. */
  readonly reputation?: Pick<
    WorkerRecord,
    'accepted' | 'streakUnits' | 'missScore' | 'probationEpochs'
  >;
}

/** A receipt as stored; answers to a worker are always made from this, never from the request at hand. */
export interface ReceiptRecord {
  readonly receiptId: string;
  readonly publicKeyHex: string;
  /** The wire form, as signed by the worker. */
  readonly receipt: Receipt;
  /** The challenged rows, ascending. */
  readonly rows: readonly number[];
  readonly deadlineAtMs: number;
  readonly challengeSigHex: string;
  readonly receivedAtMs: number;
  readonly outcome: Outcome;
  /** 0n unless the outcome is `accepted`. */
  readonly creditedUnits: bigint;
  /** The row whose recomputation contradicted the commitment, on `rejected` only. */
  readonly mismatchRow?: number;
  /** When the outcome became final (the latest change, for a revocation). */
  readonly settledAtMs?: number;
}

/** One key's standing in one epoch. */
export interface CreditRow {
  readonly publicKeyHex: string;
  readonly did: string;
  readonly creditedUnits: bigint;
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  readonly revoked: number;
}
