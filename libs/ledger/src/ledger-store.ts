import type { ParsedReceipt } from '@tops/protocol';
import type { AdminLedger } from './admin-ledger.ts';
import type { ArchiveStore } from './archive-store.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type {
  CreditRow,
  EpochRecord,
  ReceiptRecord,
  Standing,
  WorkerRecord,
} from './ledger-records.ts';

export interface OpenEpochInput {
  readonly epochId: number;
  /** 32 bytes from a CSPRNG. */
  readonly entropy: Uint8Array;
  readonly opensAtMs: number;
  /** Exclusive end; closesAtMs − opensAtMs is the epoch's wall time. */
  readonly closesAtMs: number;
}

export interface CommitInput {
  /** A receipt that passed every check of it, the signature included. */
  readonly parsed: Pick<
    ParsedReceipt,
    'receipt' | 'receiptId' | 'publicKey' | 'workerDid' | 'label'
  >;
  /** The rows drawn for it: ascending, distinct, below m. Ignored when the receipt is already stored. */
  readonly rows: readonly number[];
  readonly deadlineAtMs: number;
  readonly challengeSigHex: string;
  readonly receivedAtMs: number;
  /** Open challenges a key may have, and the lower bound for a key that is still new. */
  readonly maxOpen: number;
  readonly maxOpenNewKey: number;
  /** Receipts of a key that are recorded in one second, whoever records them; by `receivedAtMs`. See countReceipt. */
  readonly maxPerSecond: number;
}

/**
 * What became of a commit, in the order of the checks: the same receipt again is `existing` whatever limits say today;
 * another receipt under its (epoch, key, nonce) is `nonce_already_used`; only then quarantine, rate and caps count. Only what
 * is created is charged to the key's rate.
 */
export type CommitResult =
  | { readonly kind: 'created' | 'existing'; readonly record: ReceiptRecord }
  | { readonly kind: 'nonce_already_used' }
  | { readonly kind: 'key_quarantined'; readonly untilEpochId: number }
  | { readonly kind: 'rate_limited'; readonly retryAfterMs: number }
  | { readonly kind: 'too_many_open'; readonly openCount: number; readonly limit: number };

export interface SettleInput {
  readonly receiptId: string;
  readonly outcome: 'accepted' | 'rejected';
  readonly atMs: number;
  /** Rejected only: the row that was contradicted. */
  readonly row?: number;
  /** Rejected only: the proof that shows it, at most EVIDENCE_BYTES_MAX. */
  readonly evidence?: Uint8Array;
  /** Rejected only; absent quarantines nobody. */
  readonly quarantine?: QuarantineTerm;
}

/** What a proven mismatch costs a key besides its credit. */
export interface QuarantineTerm {
  /** The epoch it counts from: the latest opened. */
  readonly fromEpochId: number;
  /** Epochs whose receipts are refused the first time; each earlier rejection of the key doubles them (quarantineEpochs). */
  readonly epochCount: number;
  /** Clean epochs the key owes afterwards. */
  readonly cleanEpochs: number;
}

/** What pruneEvidence left. */
export interface EvidencePruned {
  readonly deletedCount: number;
  readonly keptCount: number;
  readonly keptBytes: number;
  /** Whether the bounds hold now; else there is more to delete. */
  readonly isDone: boolean;
}

/** `unchanged`: the receipt was no longer open; answer from the record's own outcome. */
export type SettleResult =
  | { readonly kind: 'settled' | 'unchanged'; readonly record: ReceiptRecord }
  | { readonly kind: 'receipt_unknown' };

/** Bound on the evidence kept with a rejected receipt: no proof that arrives in a body of 256 KiB is longer. */
export const EVIDENCE_BYTES_MAX = 262_144;

/** Bound on one page of any list; a larger `limit` is taken as this. */
export const PAGE_LIMIT_MAX = 10_000;

/**
 * The one storage port. Coarse on purpose: every call is one durable transaction (its promise settles after the commit
 * reached the disk, or rejects with a LedgerError and changed nothing), so an adapter for another database has no
 * half-way states to map. There is no clock inside: times come in as unix milliseconds.
 */
export interface LedgerStore extends AdminLedger {
  /** Signatures on heads, whole epochs for an archive, and rolling old receipts out. */
  readonly archive: ArchiveStore;

  /**
   * Opens an epoch, insert-if-absent: the first caller's entropy makes the beacon, later callers read it back.
   *
   * @throws LedgerError `epoch_regressed` when the id is lower than the latest opened epoch's, stored or not.
   */
  openEpoch(input: OpenEpochInput): Promise<EpochRecord>;
  getEpoch(epochId: number): Promise<EpochRecord | undefined>;
  latestEpoch(): Promise<EpochRecord | undefined>;
  /** Newest first; `beforeId` is exclusive. */
  listEpochs(page: { readonly beforeId?: number; readonly limit: number }): Promise<EpochRecord[]>;
  /** Opened and not yet sealed, oldest first: the order they must be sealed in. */
  unsealedEpochs(): Promise<EpochRecord[]>;
  /**
   * Seals an epoch for good: its head commits to every entry, and keys on probation that were clean in it owe one clean epoch
   * less. Sealing a sealed epoch reads it back. From the moment it is asked with no receipt open, the epoch takes no further
   * receipts.
   *
   * @throws LedgerError `epoch_unknown`, `seal_out_of_order`, `receipts_open`.
   */
  sealEpoch(input: { readonly epochId: number }): Promise<EpochRecord>;

  /**
   * Receipt, rows, deadline and challenge signature in one transaction, unique on (epoch, key, nonce).
   *
   * @throws LedgerError `epoch_unknown`, `epoch_sealed`.
   */
  commitReceipt(input: CommitInput): Promise<CommitResult>;
  /**
   * Makes a verdict final. `accepted` credits at once. `rejected` takes back the key's credit of that epoch (its accepted
   * receipts become revoked), revokes every challenge the key still has open, and quarantines the key, which is on probation
   * afterwards.
   */
  settleReceipt(input: SettleInput): Promise<SettleResult>;
  /**
   * Open challenges whose deadline lies before `nowMs` become missed, but those with an answer in flight that had arrived by
   * the deadline. A later one holds nothing open: else whoever keeps posting could hold an epoch open for ever.
   *
   * @param input - `answersInFlight`: receipt id → arrival of the earliest answer that is not judged yet, unix milliseconds.
   * @returns how many.
   */
  expireChallenges(input: {
    readonly nowMs: number;
    readonly answersInFlight: ReadonlyMap<string, number>;
  }): Promise<number>;
  getReceipt(receiptId: string): Promise<ReceiptRecord | undefined>;
  /** What settleReceipt kept with a rejected receipt. */
  getEvidence(receiptId: string): Promise<Uint8Array | undefined>;
  /**
   * Deletes a batch of evidence, oldest first: what was kept before `keptSinceMs`, and what is too much for `maxBytes`. The
   * receipts stay. Several callers at once do no more than one.
   */
  pruneEvidence(input: {
    readonly keptSinceMs: number;
    readonly maxBytes: number;
  }): Promise<EvidencePruned>;
  countOpen(filter?: {
    readonly publicKeyHex?: string;
    readonly epochId?: number;
  }): Promise<number>;

  getWorker(publicKeyHex: string): Promise<WorkerRecord | undefined>;
  /**
   * What a new receipt is met with, in one call: the receipt itself when it is stored already, and the part of its key's record
   * that decides how many rows to draw.
   */
  getStanding(input: {
    readonly receiptId: string;
    readonly publicKeyHex: string;
  }): Promise<Standing>;
  /** Ordered by public key; `after` is an exclusive cursor: the last key of the page before. */
  listWorkers(page: { readonly after?: string; readonly limit: number }): Promise<WorkerRecord[]>;
  /** Ordered by public key; the whole epoch without a page (up to PAGE_LIMIT_MAX rows). */
  epochCredits(
    epochId: number,
    page?: { readonly after?: string; readonly limit: number },
  ): Promise<CreditRow[]>;
  /**
   * What the epoch's ledger_root is made of, in commit order. Only of a sealed epoch is it final: before, entries may still be
   * added and change, and open receipts are left out.
   */
  epochEntries(
    epochId: number,
    page?: { readonly afterReceiptId?: string; readonly limit: number },
  ): Promise<LedgerEntry[]>;

  /** Readiness: writes and commits one row, so a full or read-only disk shows. @throws LedgerError */
  check(): Promise<void>;
  /**
   * How far this machine's clock was ahead of the storage's at the last check, in milliseconds; absent where the storage has
   * no clock of its own.
   */
  clockSkewMs?(): number;
  /** Finishes what is queued, then releases the directory; later calls reject with `closed`. */
  close(): Promise<void>;
}
