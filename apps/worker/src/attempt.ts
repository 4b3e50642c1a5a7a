import type { Commitment } from '@tops/kernel-spec';
import type { EpochInfo, Receipt, Shape } from '@tops/protocol';

/** An epoch as the worker uses it: the verifier's words, parsed. */
export interface EpochView {
  readonly info: EpochInfo;
  readonly prevHash: Uint8Array;
  readonly verifierKey: Uint8Array;
  /** By the verifier's clock: receipts that arrive later are refused. */
  readonly acceptsUntilMs: number;
}

/** Work that is done and committed to, with the receipt that says so. */
export interface CompletedAttempt {
  readonly epoch: EpochView;
  readonly shape: Shape;
  readonly ops: bigint;
  readonly commitment: Commitment;
  readonly receipt: Receipt;
  readonly receiptId: string;
}

/**
 * How attempts end; the labels of tops_worker_attempts_total.
 * - accepted, rejected (a row the verifier calls wrong, or revoked with one), missed (the deadline passed first)
 * - refused: the verifier would not take the receipt or the proof
 * - failed: no usable answer before time or retries ran out
 * - skipped: not started, because its epoch would have closed first; stale: computed, but the epoch closed meanwhile
 * - kernel_error: the compute device failed; aborted: shutdown
 */
export const attemptOutcomes = [
  'accepted',
  'rejected',
  'missed',
  'refused',
  'failed',
  'skipped',
  'stale',
  'kernel_error',
  'aborted',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  /** The verifier's code, or one of ours, of everything but `accepted`. */
  readonly code?: string;
  readonly detail?: string;
  readonly row?: number;
  readonly creditedOps?: bigint;
}
