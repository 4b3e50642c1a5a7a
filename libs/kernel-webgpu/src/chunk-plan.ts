import { KernelError } from '@tops/kernel-spec';
import { shapeOps, type Shape } from '@tops/protocol';
import { NODE_BYTES, chunksOf } from './stages.ts';

/** Rows of every shape come in multiples of this, and so do those of a chunk. */
export const ROW_STEP = 64;

export interface ChunkLimits {
  /** What the device takes for one storage buffer. */
  readonly maxBufferBytes: number;
  /** Working buffers of this size fill any device. */
  readonly usualBufferBytes: number;
  /** What a working buffer may grow to where the usual size is done too soon. */
  readonly largeBufferBytes: number;
  /** Work of a submission that keeps the device busy while the host prepares the next. */
  readonly busyOps: number;
  /** What one dispatch of the GEMM shader covers. */
  readonly maxRows: number;
  /** Bound on the work of one submission, so that an abort, a deadline and the system's watchdog see steady progress. */
  readonly maxOps: number;
}

/** Buffers of one chunk in flight. */
export interface ChunkPlan {
  readonly chunkRows: number;
  readonly operandBytes: number;
  /** Y1 and Y2, each. */
  readonly outputBytes: number;
  /** Every level of the chunk's trees. */
  readonly nodesBytes: number;
}

/**
 * How many rows of a shape go through the device at once.
 *
 * @throws KernelError `shape_unsupported` when the weights or the smallest chunk exceed the device's buffers
 */
export function planChunk(shape: Shape, limits: ChunkLimits): ChunkPlan {
  const { m, n, k } = shape;
  const rowBytes = Math.max(k, n, nodeBytesPerRow(n));
  const largest = Math.max(n * Math.max(n, k), ROW_STEP * rowBytes);
  if (largest > limits.maxBufferBytes) {
    throw new KernelError(
      'shape_unsupported',
      `n=${n} k=${k}: expected buffers of at most ${limits.maxBufferBytes} bytes, got ${largest}`,
    );
  }
  const opsPerRow = Number(shapeOps({ m: 1, n, k }));
  const maxBytes = Math.min(limits.maxBufferBytes, limits.largeBufferBytes);
  const wanted = Math.max(limits.usualBufferBytes / rowBytes, limits.busyOps / opsPerRow);
  const rows = Math.min(m, wanted, limits.maxRows, maxBytes / rowBytes, limits.maxOps / opsPerRow);
  const chunkRows = Math.max(ROW_STEP, Math.floor(rows / ROW_STEP) * ROW_STEP);
  return planRows(shape, chunkRows);
}

/** The buffers of a chunk of so many rows. */
export function planRows({ n, k }: Shape, chunkRows: number): ChunkPlan {
  return {
    chunkRows,
    operandBytes: chunkRows * k,
    outputBytes: chunkRows * n,
    nodesBytes: chunkRows * nodeBytesPerRow(n),
  };
}

/** A chunk's nodes and all levels above them: fewer than twice as many. */
function nodeBytesPerRow(n: number): number {
  return chunksOf(n) * 2 * NODE_BYTES;
}
