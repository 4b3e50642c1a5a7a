/** Raised with every change of what the addon offers (native/src/addon.cc, kInterfaceVersion). */
export const ADDON_INTERFACE_VERSION = 2;

export type NativeOutcome = 'done' | 'cancelled' | 'out_of_memory';

/** Called on the event loop, once for each job. Times are thread milliseconds. */
export type OnSettled = (
  job: number,
  outcome: NativeOutcome,
  streamsMs: number,
  gemmMs: number,
  hashingMs: number,
) => void;

/**
 * One pool of native threads. Arguments are checked again on the native side: TypeError and RangeError for what makes no
 * sense, and errors with a `code`: `closed`, `out_of_memory`, `thread_failed`, `addon_unavailable` (no such instruction set here).
 */
export interface NativeKernel {
  readonly isa: string;
  /** Bytes of packed weights for shapes up to (n, k). */
  weightsBytes(n: number, k: number): number;
  /** @returns an id; nothing is packed yet */
  createWeights(n: number, k: number): number;
  /** Jobs that still use them keep them. */
  freeWeights(weights: number): void;
  /** @param keys - both weights keys, 64 bytes. @returns a job without a result */
  submitPack(weights: number, keys: Uint8Array): number;
  /**
   * @param keys - attempt keys, 32 bytes each
   * @param keyOfRow - for each row which of the keys is its attempt's
   * @returns a job whose result is rows × 32 bytes
   */
  submitLeaves(
    weights: number,
    n: number,
    k: number,
    keys: Uint8Array,
    keyOfRow: Uint32Array,
    rows: Uint32Array,
  ): number;
  /** @returns a job whose result is the tree's levels from `baseLevel` up, lowest first */
  submitCommit(
    weights: number,
    n: number,
    k: number,
    m: number,
    key: Uint8Array,
    baseLevel: number,
  ): number;
  /** The two layers alone, `pieceCount` times rowsPerPiece(n, k) rows of them. @returns a job without a result */
  submitMultiply(weights: number, n: number, k: number, pieceCount: number): number;
  /**
   * foldMultiproof of @tops/crypto, at once and on the calling thread.
   *
   * @param rows - 1 to 4096, ascending and distinct below m
   * @param root - 32 bytes, written when the lengths of leaves and siblings are right
   * @returns whether they are
   */
  foldOpening(
    m: number,
    rows: Uint32Array,
    leaves: Uint8Array,
    siblings: Uint8Array,
    root: Uint8Array,
  ): boolean;
  /** Rows that threads take at a time. */
  rowsPerPiece(n: number, k: number): number;
  /** The job settles all the same, as soon as no thread is in it. */
  cancel(job: number): void;
  /** Inside of OnSettled only, for a job that was done: copies its result. */
  takeResult(out: Uint8Array): void;
  /** Joins the threads. Nothing settles any more. */
  close(): void;
}

export interface NativeAddon {
  readonly interfaceVersion: number;
  readonly NativeKernel: new (
    threadCount: number,
    isa: string,
    onSettled: OnSettled,
  ) => NativeKernel;
  /** Instruction sets of this machine, best first. */
  listIsas(): string[];
  /** Register-only multiply-adds on the calling thread. @returns the ops done */
  runLimitLoop(isa: string, rounds: number): number;
}
