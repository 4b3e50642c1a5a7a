import { bytesToHex } from '@tops/crypto';
import { unitsToOps, type Receipt } from '@tops/protocol';
import type { KeptEvidence } from './evidence-batch.ts';
import type { FinalOutcome, LedgerEntry, Outcome } from './ledger-entry.ts';
import type {
  CreditRow,
  EpochRecord,
  EpochSeal,
  ReceiptRecord,
  Standing,
  WorkerRecord,
} from './ledger-records.ts';
import type { RateWindow } from './receipt-rate.ts';
import { workerState, type Reputation } from './reputation.ts';
import type { Row } from './stored-row.ts';
import { verifiedTops } from './verified-tops.ts';

// What a row of each table means. Both adapters name their columns alike.

/** The run of sealed epochs that verified TOPS cover; ids are inclusive. */
export interface TopsWindow {
  readonly fromEpochId: number;
  readonly toEpochId: number;
  readonly wallTimeMs: number;
}

/** A receipt as the transitions between outcomes need it. */
export interface StoredReceipt {
  readonly seq: number;
  readonly receiptId: string;
  readonly epochId: number;
  readonly publicKey: Uint8Array;
  /** Nominal units of 2^19 ops: credited while accepted. */
  readonly units: bigint;
  readonly deadlineAtMs: number;
  readonly outcome: Outcome;
}

/** A stored receipt with what its ledger entry is made of. */
export interface StoredEntry extends StoredReceipt {
  readonly rows: readonly number[];
}

/** The part of a key's record that commit and settle decide by. */
export interface WorkerStanding extends Reputation {
  readonly rejected: number;
  readonly quarantinedUntilEpoch: number | undefined;
  /** The key's receipts of the last second that has any. */
  readonly rate: RateWindow;
}

/** The columns of a WorkerStanding. */
export const STANDING_COLUMNS =
  'accepted, rejected, streak_units, miss_score, probation_epochs, quarantined_until_epoch, rate_window_at_ms, rate_count';

/** What a record is relative to: the epochs its TOPS cover, and the latest one opened. */
export interface WorkerView {
  readonly topsWindow: TopsWindow | undefined;
  readonly latestEpochId: number;
}

export function toEpochRecord(row: Row): EpochRecord {
  return {
    epochId: row.integer('epoch_id'),
    prevHash: row.blob('prev_hash'),
    entropy: row.blob('entropy'),
    opensAtMs: row.integer('opens_at_ms'),
    closesAtMs: row.integer('closes_at_ms'),
    ...(row.isNull('previous_epoch_id')
      ? {}
      : { previousEpochId: row.integer('previous_epoch_id') }),
    ...(row.isNull('sealed_at_opening_epoch_id')
      ? {}
      : { sealedAtOpeningEpochId: row.integer('sealed_at_opening_epoch_id') }),
    ...(row.isNull('head')
      ? {}
      : {
          sealed: {
            head: row.blob('head'),
            ledgerRoot: row.blob('ledger_root'),
            entryCount: row.integer('entry_count'),
            ...toHeadSignature(row),
          },
        }),
    ...(row.isNull('archived_at_ms') ? {} : { archivedAtMs: row.integer('archived_at_ms') }),
  };
}

function toHeadSignature(row: Row): Pick<EpochSeal, 'signed'> {
  if (row.isNull('head_sig')) return {};
  const [signature, verifierKey] = [row.blob('head_sig'), row.blob('verifier_key')];
  return { signed: { signature, verifierKey, atMs: row.integer('signed_at_ms') } };
}

export function toStoredReceipt(row: Row): StoredReceipt {
  return {
    seq: row.integer('seq'),
    receiptId: bytesToHex(row.blob('receipt_id')),
    epochId: row.integer('epoch_id'),
    publicKey: row.blob('public_key'),
    units: row.bigint('units'),
    deadlineAtMs: row.integer('deadline_at_ms'),
    // The schema's CHECK keeps the column to these words.
    outcome: row.text('outcome') as Outcome,
  };
}

export function toReceiptRecord(row: Row): ReceiptRecord {
  const stored = toStoredReceipt(row);
  return {
    receiptId: stored.receiptId,
    publicKeyHex: bytesToHex(stored.publicKey),
    // Written from a parsed receipt, never from raw bytes.
    receipt: JSON.parse(row.text('receipt_json')) as Receipt,
    rows: parseRows(row),
    deadlineAtMs: stored.deadlineAtMs,
    challengeSigHex: bytesToHex(row.blob('challenge_sig')),
    receivedAtMs: row.integer('received_at_ms'),
    outcome: stored.outcome,
    creditedUnits: stored.outcome === 'accepted' ? stored.units : 0n,
    ...(row.isNull('mismatch_row') ? {} : { mismatchRow: row.integer('mismatch_row') }),
    ...(row.isNull('settled_at_ms') ? {} : { settledAtMs: row.integer('settled_at_ms') }),
  };
}

export function parseRows(row: Row): number[] {
  return JSON.parse(row.text('rows_json')) as number[];
}

/** @param stored - not open: open receipts are no part of an epoch's entries. */
export function toLedgerEntry(stored: StoredEntry): LedgerEntry {
  return {
    credited_ops: stored.outcome === 'accepted' ? unitsToOps(Number(stored.units)).toString() : '0',
    outcome: stored.outcome as FinalOutcome,
    receipt_id: stored.receiptId,
    rows: stored.rows,
  };
}

export function toWorkerStanding(row: Row): WorkerStanding {
  return {
    accepted: row.integer('accepted'),
    rejected: row.integer('rejected'),
    streakUnits: row.bigint('streak_units'),
    missScore: row.integer('miss_score'),
    probationEpochs: row.integer('probation_epochs'),
    quarantinedUntilEpoch: optionalInteger(row, 'quarantined_until_epoch'),
    rate: {
      startedAtMs: row.integer('rate_window_at_ms'),
      count: row.integer('rate_count'),
    },
  };
}

export function toStanding(
  stored: ReceiptRecord | undefined,
  worker: WorkerStanding | undefined,
): Standing {
  const reputation = worker && {
    accepted: worker.accepted,
    streakUnits: worker.streakUnits,
    missScore: worker.missScore,
    probationEpochs: worker.probationEpochs,
  };
  return { ...(stored && { stored }), ...(reputation && { reputation }) };
}

export function toKeptEvidence(row: Row): KeptEvidence {
  return {
    receiptId: row.blob('receipt_id'),
    keptAtMs: row.integer('kept_at_ms'),
    proofBytes: row.integer('proof_bytes'),
  };
}

export function toCreditRow(row: Row): CreditRow {
  return { did: row.text('did'), ...toSums(row) };
}

function toSums(row: Row): Omit<CreditRow, 'did'> {
  return {
    publicKeyHex: bytesToHex(row.blob('public_key')),
    creditedUnits: row.bigint('credited_units'),
    accepted: row.integer('accepted'),
    rejected: row.integer('rejected'),
    missed: row.integer('missed'),
    revoked: row.integer('revoked'),
  };
}

export function toWorkerRecord(row: Row, view: WorkerView): WorkerRecord {
  const { quarantinedUntilEpoch, ...standing } = toWorkerStanding(row);
  const quarantine = quarantinedUntilEpoch === undefined ? {} : { quarantinedUntilEpoch };
  return {
    ...toSums(row),
    ...standing,
    ...quarantine,
    did: row.text('did'),
    ...(row.isNull('label') ? {} : { label: row.text('label') }),
    lastSeenAtMs: row.integer('last_seen_at_ms'),
    verifiedTops: verifiedTops({
      creditedUnits: row.bigint('window_units'),
      wallTimeMs: view.topsWindow?.wallTimeMs ?? 0,
    }),
    state: workerState({ ...standing, ...quarantine }, view.latestEpochId),
  };
}

function optionalInteger(row: Row, name: string): number | undefined {
  return row.isNull(name) ? undefined : row.integer(name);
}
