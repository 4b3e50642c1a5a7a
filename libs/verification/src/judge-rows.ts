import { equalConstantTime, HASH_BYTES } from '@tops/crypto';
import type { Attempt } from '@tops/kernel-spec';
import { shuffled, type RandomBelow } from './draw-rows.ts';

/**
 * Rows recomputed at a time: whole challenges by default limits, because a kernel multiplies them with the same weights, and
 * reading those once a row costs more than a cheat saves us by being found early.
 */
const BATCH_ROWS = 64;

/** Recomputes leaves from scratch: `rows` in any order, 32 bytes each in that order. */
export type ComputeLeaves = (attempt: Attempt, rows: readonly number[]) => Promise<Uint8Array>;

export interface JudgeDependencies {
  /** The fast kernel. */
  readonly computeLeaves: ComputeLeaves;
  /** The reference kernel, which defines what is right. Asked only where the fast one contradicts the worker. */
  readonly confirmLeaves: ComputeLeaves;
  readonly randomBelow: RandomBelow;
}

/**
 * `kernelDisagreements`: rows where the fast kernel contradicted the worker and the reference did not: our own defect, worth an
 * alert, never the worker's loss.
 */
export type RowVerdict =
  | { readonly outcome: 'accepted'; readonly kernelDisagreements: number }
  | { readonly outcome: 'rejected'; readonly row: number };

/**
 * Recomputes challenged rows whose leaves fold to the signed root. In random order, stopping at the first confirmed mismatch:
 * neither the order of rows nor the time taken tells a cheat where to spend its effort.
 *
 * @param input - `leaves`: rows × 32 bytes in the order of `rows`, length already checked.
 * @throws RangeError when a kernel returns leaves of another length; whatever a kernel throws.
 */
export async function judgeRows(
  input: {
    readonly attempt: Attempt;
    readonly rows: readonly number[];
    readonly leaves: Uint8Array;
  },
  deps: JudgeDependencies,
): Promise<RowVerdict> {
  const { attempt, rows, leaves } = input;
  const claims = rows.map((row, index) => ({ row, leaf: hashAt(leaves, index) }));
  const order = shuffled(claims, deps);
  let kernelDisagreements = 0;
  for (let start = 0; start < order.length; start += BATCH_ROWS) {
    const batch = order.slice(start, start + BATCH_ROWS);
    for (const claim of await contradicted(batch, attempt, deps.computeLeaves)) {
      const [confirmed] = await contradicted([claim], attempt, deps.confirmLeaves);
      if (confirmed !== undefined) return { outcome: 'rejected', row: confirmed.row };
      kernelDisagreements++;
    }
  }
  return { outcome: 'accepted', kernelDisagreements };
}

interface Claim {
  readonly row: number;
  readonly leaf: Uint8Array;
}

/** The claims a kernel's recomputation contradicts. */
async function contradicted(
  claims: readonly Claim[],
  attempt: Attempt,
  computeLeaves: ComputeLeaves,
): Promise<Claim[]> {
  const computed = await computeLeaves(
    attempt,
    claims.map((claim) => claim.row),
  );
  if (computed.length !== claims.length * HASH_BYTES) {
    throw new RangeError(`expected ${claims.length} leaves, got ${computed.length} bytes`);
  }
  return claims.filter((claim, index) => !equalConstantTime(claim.leaf, hashAt(computed, index)));
}

function hashAt(packed: Uint8Array, index: number): Uint8Array {
  return packed.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}
