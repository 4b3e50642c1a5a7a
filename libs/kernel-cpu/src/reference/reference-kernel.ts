import { HASH_BYTES, workTreeHasher } from '@tops/crypto';
import {
  KernelError,
  RetainedTree,
  requireRowsBelow,
  requireValidAttempt,
  retainedTreeLayout,
  type Attempt,
  type Commitment,
  type Kernel,
  type KernelOptions,
} from '@tops/kernel-spec';
import { referenceLeaf } from './leaf.ts';
import { createPacer } from './pacer.ts';
import { referenceWeights, type ReferenceWeights } from './weights.ts';

const SLICE_MS = 4;

/** Leaves of `rows` by the plain twin, rows × 32 bytes. Valid arguments are the caller's duty. */
export async function computeReferenceLeaves(
  attempt: Attempt,
  rows: readonly number[],
  weights: ReferenceWeights,
  pause: () => Promise<void> | undefined,
): Promise<Uint8Array> {
  const leaves = new Uint8Array(rows.length * HASH_BYTES);
  for (const [i, row] of rows.entries()) {
    leaves.set(referenceLeaf(attempt, weights, row), i * HASH_BYTES);
    await pause();
  }
  return leaves;
}

/**
 * The plain twin: triple loops over @tops/kernel-spec, on the calling thread, pausing every few milliseconds. It defines
 * what is correct and is some fifty times slower than the WebAssembly kernel. Needs nothing of Node.js.
 *
 * Keeps the weights of the last shape: k·n + n·n bytes.
 */
export function createReferenceKernel(
  options: { readonly retainedNodeLimit?: number } = {},
): Kernel {
  const closing = new AbortController();
  let cached: Promise<ReferenceWeights> | undefined;
  let cachedFor = '';

  const weightsFor = (n: number, k: number): Promise<ReferenceWeights> => {
    const name = `${n}×${k}`;
    if (!cached || cachedFor !== name) {
      cachedFor = name;
      // Not tied to one caller's signal: several calls may wait for the same weights.
      cached = referenceWeights(n, k, checkedPacer());
      cached.catch(() => {
        cached = undefined;
      });
    }
    return cached;
  };

  const checkedPacer = (signal?: AbortSignal): (() => Promise<void> | undefined) => {
    const pause = createPacer(SLICE_MS);
    return () => {
      if (closing.signal.aborted) throw new KernelError('closed', 'the kernel is closed');
      if (signal?.aborted) {
        throw new KernelError('aborted', 'the attempt was aborted', { cause: signal.reason });
      }
      return pause();
    };
  };

  const computeLeaves = async (
    attempt: Attempt,
    rows: readonly number[],
    { signal }: KernelOptions = {},
  ): Promise<Uint8Array> => {
    requireValidAttempt(attempt);
    requireRowsBelow(attempt.shape.m, rows);
    const pause = checkedPacer(signal);
    await pause();
    const weights = await weightsFor(attempt.shape.n, attempt.shape.k);
    return computeReferenceLeaves(attempt, rows, weights, pause);
  };

  const commit = async (attempt: Attempt, kernelOptions?: KernelOptions): Promise<Commitment> => {
    requireValidAttempt(attempt);
    const rows = Array.from({ length: attempt.shape.m }, (_, row) => row);
    const leaves = await computeLeaves(attempt, rows, kernelOptions);
    const pause = checkedPacer(kernelOptions?.signal);
    const tree = await buildReferenceTree(
      leaves,
      attempt.shape.m,
      options.retainedNodeLimit,
      pause,
    );
    return {
      attempt,
      workRoot: tree.root,
      open: (challenged) =>
        tree.openMultiproof(challenged, (needed) => computeLeaves(attempt, needed)),
    };
  };

  return {
    driverHint: 'cpu:reference',
    commit,
    computeLeaves,
    close: async () => {
      closing.abort();
      cached = undefined;
    },
  };
}

/** The tree over `leafCount` × 32 bytes of leaves, as far as it is kept. */
export async function buildReferenceTree(
  leaves: Uint8Array,
  leafCount: number,
  nodeLimit: number | undefined,
  pause: () => Promise<void> | undefined,
): Promise<RetainedTree> {
  const layout = retainedTreeLayout(leafCount, nodeLimit);
  const retained: Uint8Array[] = [];
  let level = leaves;
  for (let height = 0; ; height++) {
    if (height >= layout.baseLevel) retained.push(level);
    if (level.length === HASH_BYTES) break;
    const parents = new Uint8Array(Math.ceil(level.length / (2 * HASH_BYTES)) * HASH_BYTES);
    for (let offset = 0; offset < parents.length; offset += HASH_BYTES) {
      const left = level.subarray(2 * offset, 2 * offset + HASH_BYTES);
      const right = level.subarray(2 * offset + HASH_BYTES, 2 * (offset + HASH_BYTES));
      parents.set(right.length === 0 ? left : workTreeHasher.hashChildren(left, right), offset);
      await pause();
    }
    level = parents;
  }
  const bytes = new Uint8Array(layout.byteLength);
  let offset = 0;
  for (const part of retained) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return new RetainedTree(layout, bytes);
}
