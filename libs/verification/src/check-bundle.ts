import { rowsProblem, type Bundle, type Limits, type Problem } from '@tops/protocol';
import { attemptOf } from './attempt.ts';
import { checkProofFold } from './check-proof-fold.ts';
import {
  checkKernelVersion,
  checkShapeLimits,
  checkSignature,
  type SignedReceiptContext,
} from './check-receipt.ts';
import { judgeRows, type JudgeDependencies } from './judge-rows.ts';

/** What a bundle is checked against: limits and nothing of the verifier's state. */
export interface BundleContext extends SignedReceiptContext {
  readonly limits: Pick<Limits, 'min_rows' | 'max_weights' | 'audit_rows_max'>;
}

export type BundleVerdict =
  | { readonly outcome: 'accepted'; readonly kernelDisagreements: number }
  | { readonly outcome: 'rejected'; readonly problem: Problem };

/**
 * Re-checks a bundle from its own bytes: POST /verify and `tops verify`. It proves these rows, not that a verifier drew them, nor
 * that the epoch's beacon was the one named: so it earns nothing.
 *
 * @returns rejected with the problem of the first check that failed; `row_mismatch` when recomputation contradicts a row.
 */
export async function checkBundle(
  bundle: Bundle,
  context: BundleContext,
  deps: JudgeDependencies,
): Promise<BundleVerdict> {
  const problem = bundleProblem(bundle, context);
  if (problem !== undefined) return { outcome: 'rejected', problem };

  const { receipt: parsed, rows, leaves } = bundle;
  const verdict = await judgeRows({ attempt: attemptOf(parsed), rows, leaves }, deps);
  if (verdict.outcome === 'accepted') return verdict;
  return { outcome: 'rejected', problem: rowMismatch(verdict.row) };
}

/** Everything about a bundle that can be checked without recomputing a row. */
export function bundleProblem(bundle: Bundle, context: BundleContext): Problem | undefined {
  const { receipt: parsed, rows, leaves, siblings } = bundle;
  return (
    checkKernelVersion(parsed) ??
    checkShapeLimits(parsed, context) ??
    checkRows(bundle, context) ??
    checkSignature(parsed, context) ??
    checkProofFold({ parsed, rows, leaves, siblings })
  );
}

/** The final problem of a commitment that recomputation contradicts at `row`. */
export function rowMismatch(row: number): Problem {
  return {
    code: 'row_mismatch',
    detail: `expected the recomputed leaf of row ${row}, got another`,
    row,
  };
}

function checkRows(bundle: Bundle, context: BundleContext): Problem | undefined {
  const { m } = bundle.receipt.receipt.sizes;
  return rowsProblem({ rows: bundle.rows, maxCount: context.limits.audit_rows_max, m });
}
