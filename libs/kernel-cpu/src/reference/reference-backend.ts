import type { Attempt, RetainedTree } from '@tops/kernel-spec';
import { KernelError } from '@tops/kernel-spec';
import { HASH_BYTES } from '@tops/crypto';
import type { CpuBackend, LeavesRequest } from '../backend.ts';
import { createPacer } from './pacer.ts';
import { buildReferenceTree, computeReferenceLeaves } from './reference-kernel.ts';
import { referenceWeights, type ReferenceWeights } from './weights.ts';

const SLICE_MS = 4;

/** The plain twin as a backend, on the calling thread: what a doubtful machine is compared with, far too slow for work. */
export function createReferenceBackend(
  options: { readonly retainedNodeLimit?: number } = {},
): CpuBackend {
  const closing = new AbortController();
  let cached: { readonly name: string; readonly weights: Promise<ReferenceWeights> } | undefined;

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

  const weightsFor = ({ shape: { n, k } }: Attempt): Promise<ReferenceWeights> => {
    const name = `${n}×${k}`;
    if (cached?.name !== name) {
      // Not tied to one caller's signal: several calls may wait for the same weights.
      cached = { name, weights: referenceWeights(n, k, checkedPacer()) };
      cached.weights.catch(() => {
        cached = undefined;
      });
    }
    return cached.weights;
  };

  const leavesOf = async ({ attempt, rows }: LeavesRequest, signal?: AbortSignal) => {
    const pause = checkedPacer(signal);
    await pause();
    return computeReferenceLeaves(attempt, rows, await weightsFor(attempt), pause);
  };

  return {
    driverHint: 'cpu:reference',
    threadCount: 1,
    times: { streamsMs: 0, gemmMs: 0, hashingMs: 0 },
    buildTree: async (attempt, signal): Promise<RetainedTree> => {
      const { m } = attempt.shape;
      const rows = Array.from({ length: m }, (_, row) => row);
      const leaves = await leavesOf({ attempt, rows }, signal);
      return buildReferenceTree(leaves, m, options.retainedNodeLimit, checkedPacer(signal));
    },
    computeLeaves: async (requests, signal) => {
      const rowCount = requests.reduce((sum, { rows }) => sum + rows.length, 0);
      const leaves = new Uint8Array(rowCount * HASH_BYTES);
      let offset = 0;
      for (const request of requests) {
        leaves.set(await leavesOf(request, signal), offset);
        offset += request.rows.length * HASH_BYTES;
      }
      return leaves;
    },
    computeReferenceLeaves: (attempt, rows) => leavesOf({ attempt, rows }),
    close: async () => {
      closing.abort();
      cached = undefined;
    },
  };
}
