import {
  blake3Keyed,
  concatBytes,
  merkleRoot,
  multiproofPositions,
  u32le,
  workTreeHasher,
} from '@tops/crypto';
import {
  KernelError,
  type Attempt,
  type Commitment,
  type Kernel,
  type KernelOptions,
  type Opening,
} from '@tops/kernel-spec';

/** A kernel that computes nothing: its leaves are hashes of their index, its time is what the spec says. */
export class StubKernel implements Kernel {
  readonly driverHint = 'stub';
  /** Time of one attempt; a function sees the shape. */
  durationMs: number | ((attempt: Attempt) => number) = 10;
  commitError: Error | undefined;
  openError: Error | undefined;
  commitCount = 0;
  /** Attempts under way now, and most there ever were. */
  underWay = 0;
  underWayMax = 0;
  /** How long before its end an attempt is all in the queue of the device, as on a GPU; undefined has no queue, as a CPU. */
  queuedBeforeEndMs: number | undefined;
  isClosed = false;

  async commit(attempt: Attempt, options: KernelOptions = {}): Promise<Commitment> {
    this.commitCount++;
    const { durationMs, commitError, queuedBeforeEndMs } = this;
    const workMs = typeof durationMs === 'number' ? durationMs : durationMs(attempt);
    this.underWay++;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    try {
      const tailMs = queuedBeforeEndMs ?? 0;
      await sleep(workMs - tailMs, options.signal);
      if (queuedBeforeEndMs !== undefined) options.onQueued?.();
      await sleep(tailMs, options.signal);
    } finally {
      this.underWay--;
    }
    if (commitError !== undefined) throw commitError;
    const leaves = Array.from({ length: attempt.shape.m }, (_, row) => leafOf(attempt, row));
    return {
      attempt,
      workRoot: merkleRoot(leaves, workTreeHasher),
      open: async (rows) => {
        if (this.openError !== undefined) throw this.openError;
        return openLeaves(leaves, rows);
      },
    };
  }

  async computeLeaves(attempt: Attempt, rows: readonly number[]): Promise<Uint8Array> {
    return concatBytes(...rows.map((row) => leafOf(attempt, row)));
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function leafOf(attempt: Attempt, row: number): Uint8Array {
  return blake3Keyed(attempt.attemptKey, u32le(row));
}

function openLeaves(leaves: readonly Uint8Array[], rows: readonly number[]): Opening {
  const siblings = multiproofPositions(leaves.length, rows).map(({ level, index }) =>
    merkleRoot(leaves.slice(index << level, (index + 1) << level), workTreeHasher),
  );
  return {
    leaves: concatBytes(...rows.map((row) => leaves[row]!)),
    siblings: concatBytes(...siblings),
  };
}

function sleep(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(new KernelError('aborted', 'aborted'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, durationMs);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
