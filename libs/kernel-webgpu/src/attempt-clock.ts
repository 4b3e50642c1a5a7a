/// <reference types="@webgpu/types" />
import type { DeviceTime } from '@tops/kernel-spec';
import {
  createTimestampBuffers,
  resolveTimestamps,
  secondsBetween,
  timestampBytes,
  type TimestampBuffers,
} from './device/pass-timer.ts';

/** Start and end of the chunk, start and end of its two layers. */
const TIMESTAMPS_PER_CHUNK = 4;
/** Chunks timed in an attempt at most; of more, every second, third, … one stands for its neighbours. */
export const TIMED_CHUNKS_MAX = 64;
/** Layers shorter than this tell nothing of a device's best rate. */
const LAYERS_SECONDS_MIN = 1e-4;

/** Timestamps for one attempt, whatever its size. */
export function createAttemptTimestamps(device: GPUDevice): TimestampBuffers {
  return createTimestampBuffers(device, TIMED_CHUNKS_MAX * TIMESTAMPS_PER_CHUNK);
}

/** Where the three passes of a chunk leave their times. */
export interface ChunkTimestamps {
  readonly operands: GPUComputePassTimestampWrites;
  readonly layers: GPUComputePassTimestampWrites;
  readonly hashes: GPUComputePassTimestampWrites;
}

/** Best rate of the layers alone that was seen on a device, in ops per second. */
export class BestGemmRate {
  #opsPerSecond: number;

  /** @param opsPerSecond - of the trial; 0 where there was none */
  constructor(opsPerSecond: number) {
    this.#opsPerSecond = opsPerSecond;
  }

  get opsPerSecond(): number {
    return this.#opsPerSecond;
  }

  saw(ops: number, seconds: number): void {
    if (seconds >= LAYERS_SECONDS_MIN) {
      this.#opsPerSecond = Math.max(this.#opsPerSecond, ops / seconds);
    }
  }
}

export interface AttemptClockOptions {
  readonly rowCount: number;
  readonly chunkRows: number;
  readonly opsPerRow: number;
  /** Absent where the device has no timestamps. */
  readonly timestamps: (() => TimestampBuffers) | undefined;
}

/** How long the device works on one attempt: by its own clock where it has one, else by the wall's. */
export class AttemptClock {
  readonly #options: AttemptClockOptions;
  readonly #best: BestGemmRate;
  readonly #stride: number;
  readonly #startedAtMs = performance.now();

  constructor(options: AttemptClockOptions, best: BestGemmRate) {
    this.#options = options;
    this.#best = best;
    const chunkCount = Math.ceil(options.rowCount / options.chunkRows);
    this.#stride = Math.ceil(chunkCount / TIMED_CHUNKS_MAX);
  }

  /** For the passes of the chunk that starts at `firstRow`; undefined where it is not timed. Call it inside a submission. */
  writes(firstRow: number): ChunkTimestamps | undefined {
    const { chunkRows, timestamps } = this.#options;
    const chunk = firstRow / chunkRows;
    if (!timestamps || chunk % this.#stride !== 0) return undefined;
    const querySet = timestamps().queries;
    const base = (chunk / this.#stride) * TIMESTAMPS_PER_CHUNK;
    return {
      operands: { querySet, beginningOfPassWriteIndex: base },
      layers: {
        querySet,
        beginningOfPassWriteIndex: base + 1,
        endOfPassWriteIndex: base + 2,
      },
      hashes: { querySet, endOfPassWriteIndex: base + 3 },
    };
  }

  /** In the attempt's last submission, after its passes. */
  resolve(encoder: GPUCommandEncoder): void {
    const { timestamps } = this.#options;
    if (timestamps) resolveTimestamps(encoder, timestamps(), this.#timestampCount);
  }

  /** Once the device is done. @param read - of a session: the first bytes of a staging buffer */
  async read(
    read: (buffer: GPUBuffer, byteLength: number) => Promise<Uint8Array>,
  ): Promise<DeviceTime> {
    const wallSeconds = (performance.now() - this.#startedAtMs) / 1e3;
    const { timestamps } = this.#options;
    const times = timestamps
      ? this.#add(await read(timestamps().staging, timestampBytes(this.#timestampCount)))
      : undefined;
    const seconds = times ?? wallSeconds;
    return {
      seconds,
      clock: times === undefined ? 'wall' : 'device',
      bestGemmOpsPerSecond: this.#best.opsPerSecond,
    };
  }

  get #timestampCount(): number {
    const { rowCount, chunkRows } = this.#options;
    return Math.ceil(rowCount / (chunkRows * this.#stride)) * TIMESTAMPS_PER_CHUNK;
  }

  /** @returns seconds of the whole attempt, or undefined where the timestamps make no sense */
  #add(bytes: Uint8Array): number | undefined {
    const { rowCount, chunkRows, opsPerRow } = this.#options;
    let seconds = 0;
    let timedRows = 0;
    for (let base = 0; base < this.#timestampCount; base += TIMESTAMPS_PER_CHUNK) {
      const firstRow = (base / TIMESTAMPS_PER_CHUNK) * this.#stride * chunkRows;
      const rows = Math.min(chunkRows, rowCount - firstRow);
      seconds += secondsBetween(bytes, base, base + 3);
      this.#best.saw(rows * opsPerRow, secondsBetween(bytes, base + 1, base + 2));
      timedRows += rows;
    }
    return Number.isNaN(seconds) ? undefined : (seconds * rowCount) / timedRows;
  }
}
