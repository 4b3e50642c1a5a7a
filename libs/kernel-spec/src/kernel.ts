import { shapeProblem } from '@tops/protocol';
import type { Attempt } from './attempt.ts';
import { KernelError } from './kernel-error.ts';

/** Answer to a challenge: rows × 32 bytes and multiproof positions × 32 bytes (docs/protocol.md, Challenge and proof). */
export interface Opening {
  readonly leaves: Uint8Array;
  readonly siblings: Uint8Array;
}

/** How long a device worked on one attempt. */
export interface DeviceTime {
  /** Above 0. */
  readonly seconds: number;
  /**
   * Whose seconds: the device's own clock, or the wall's, from the first submission to hearing of the last one's end (other
   * attempts under way included).
   */
  readonly clock: 'device' | 'wall';
  /** Best rate of the two layers alone that was seen on this device so far, nominal ops per second; 0 where none was. */
  readonly bestGemmOpsPerSecond: number;
}

/** A finished attempt: its root, and enough of its tree to open any rows of it. */
export interface Commitment {
  readonly attempt: Attempt;
  /** 32 bytes. */
  readonly workRoot: Uint8Array;
  /** Of kernels that compute on a device with a queue of its own. */
  readonly deviceTime?: DeviceTime;
  /**
   * @param rows - ascending, distinct, below m
   * @throws KernelError `closed`, `thread_failed` where leaves have to be recomputed; `self_test_failed` when a
   *   recomputed subtree contradicts the committed one (a hardware fault)
   * @throws CryptoError `rows_invalid`
   */
  open(rows: readonly number[]): Promise<Opening>;
}

export interface KernelOptions {
  readonly signal?: AbortSignal;
  /**
   * Of a commit: called at most once, when a device holds all of the attempt in its queue. The next attempt may be started
   * then, so that the queue does not run dry while this one is read back. Never called by kernels without such a queue, nor
   * after a failure. Must not throw.
   */
  readonly onQueued?: () => void;
}

/** What computes attempts. Every implementation gives the same bytes; libs/kernel-conformance holds them to it. */
export interface Kernel {
  /** At most 64 printable ASCII characters, for the receipt's `driver_hint`. */
  readonly driverHint: string;
  /** Computes all m rows and commits to them. @throws KernelError */
  commit(attempt: Attempt, options?: KernelOptions): Promise<Commitment>;
  /**
   * Leaves of the given rows (any order, repeats allowed), rows × 32 bytes.
   *
   * @throws KernelError
   * @throws RangeError when a row is not an integer from 0 to m − 1
   */
  computeLeaves(
    attempt: Attempt,
    rows: readonly number[],
    options?: KernelOptions,
  ): Promise<Uint8Array>;
  /** Rejects what is pending with `closed` and frees threads and memory. Idempotent. */
  close(): Promise<void>;
}

/** @throws KernelError `shape_unsupported`; RangeError for an attempt key that has not 32 bytes */
export function requireValidAttempt(attempt: Attempt): void {
  const problem = shapeProblem(attempt.shape);
  if (problem) throw new KernelError('shape_unsupported', problem.detail);
  if (attempt.attemptKey.length !== 32) {
    throw new RangeError(`attemptKey: expected 32 bytes, got ${attempt.attemptKey.length}`);
  }
}

/** @throws RangeError when a row is not an integer from 0 to m − 1 */
export function requireRowsBelow(m: number, rows: readonly number[]): void {
  for (const row of rows) {
    if (!Number.isInteger(row) || row < 0 || row >= m) {
      throw new RangeError(`row: expected an integer from 0 to ${m - 1}, got ${row}`);
    }
  }
}
