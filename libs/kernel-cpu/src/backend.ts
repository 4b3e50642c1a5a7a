import type { MultiproofInput } from '@tops/crypto';
import type { Attempt, RetainedTree } from '@tops/kernel-spec';
import type { StageTimes } from './wasm/engine.ts';

/** Rows of one attempt whose leaves are wanted. */
export interface LeavesRequest {
  readonly attempt: Attempt;
  readonly rows: readonly number[];
}

/** foldMultiproof of @tops/crypto for the tree of an attempt; `leafCount` is its m. */
export type FoldOpening = (opening: MultiproofInput) => Uint8Array | undefined;

/**
 * What does the arithmetic behind a CPU kernel: the native addon, WebAssembly threads, or the plain twin. A backend gets
 * valid attempts and rows only. A signal lives as long as the call it came with, so a backend may leave listeners on it.
 */
export interface CpuBackend {
  /** For the receipt's `driver_hint`. */
  readonly driverHint: string;
  readonly threadCount: number;
  /** Thread milliseconds by stage since the start, for the benchmark. */
  readonly times: Readonly<StageTimes>;
  /** All rows of an attempt. @throws KernelError */
  buildTree(attempt: Attempt, signal?: AbortSignal): Promise<RetainedTree>;
  /**
   * Leaves of any number of rows, one request after the other, 32 bytes a row. All attempts have the same n and k, so
   * that a backend may take their rows through the layers together. @throws KernelError
   */
  computeLeaves(requests: readonly LeavesRequest[], signal?: AbortSignal): Promise<Uint8Array>;
  /** Leaves of one attempt by the plain twin, off the caller's thread. @throws KernelError */
  computeReferenceLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array>;
  /** Where the backend hashes faster than JavaScript, on the caller's thread. Rows are valid. @throws KernelError */
  readonly foldOpening?: FoldOpening;
  close(): Promise<void>;
}
