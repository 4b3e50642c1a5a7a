import type { Attempt } from '@tops/kernel-spec';
import type { StageTimes } from '../wasm/engine.ts';
import type { WeightsPlace } from '../wasm/layout.ts';
import type { SharedWasmMemory, WasmModule } from '../wasm/web-assembly.ts';

/** What a thread gets when it starts. */
export interface ThreadData {
  readonly threadIndex: number;
  readonly module: WasmModule;
  readonly memory: SharedWasmMemory;
  /** Int32Array[1]: how many threads shall leave their shared job for something more urgent. */
  readonly yieldTokens: SharedArrayBuffer;
}

/** Slots of a shared job's Int32Array, changed through Atomics only. */
export const JobCounter = { next: 0, done: 1, cancelled: 2 } as const;
export const JOB_COUNTER_BYTES = 12;

/** Work that all threads take pieces of, by counting `next` up to `pieceCount`. */
export type SharedTask =
  | {
      readonly kind: 'pack';
      readonly counters: SharedArrayBuffer;
      readonly pieceCount: number;
      readonly place: WeightsPlace;
    }
  | {
      readonly kind: 'commit';
      readonly counters: SharedArrayBuffer;
      readonly pieceCount: number;
      readonly place: WeightsPlace;
      readonly attempt: Attempt;
      readonly rowsPerPass: number;
      readonly retainedNodeLimit: number;
      readonly tree: SharedArrayBuffer;
    };

/** Work of one thread that answers with leaves. */
export type SingleTask =
  | {
      readonly kind: 'leaves';
      readonly place: WeightsPlace;
      readonly attempt: Attempt;
      readonly rows: readonly number[];
    }
  | {
      readonly kind: 'reference-leaves';
      readonly attempt: Attempt;
      readonly rows: readonly number[];
    };

export type ThreadTask = SharedTask | SingleTask;

/** One reply to each task. `times` is what the task spent, not a running total. */
export type ThreadReply =
  | { readonly kind: 'done'; readonly leaves?: Uint8Array; readonly times: StageTimes }
  | { readonly kind: 'failed'; readonly error: unknown };
