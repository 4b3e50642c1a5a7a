import type { Attempt, RetainedTree } from '@tops/kernel-spec';
import type { StageTimes } from './wasm/engine.ts';

/**
 * What does the arithmetic behind a CPU kernel: WebAssembly threads today, a native addon tomorrow. A backend gets valid
 * attempts and rows only, and groups of at most CHUNK_ROWS rows. A signal lives as long as the call it came with, so a
 * backend may leave listeners on it.
 */
export interface CpuBackend {
  /** For the receipt's `driver_hint`. */
  readonly driverHint: string;
  readonly threadCount: number;
  /** Thread milliseconds by stage since the start, for the benchmark. */
  readonly times: Readonly<StageTimes>;
  /** All rows of an attempt. @throws KernelError */
  buildTree(attempt: Attempt, signal?: AbortSignal): Promise<RetainedTree>;
  /** Leaves of at most CHUNK_ROWS rows. @throws KernelError */
  computeLeaves(
    attempt: Attempt,
    rows: readonly number[],
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
  /** The same by the plain twin, off the caller's thread. @throws KernelError */
  computeReferenceLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array>;
  close(): Promise<void>;
}
