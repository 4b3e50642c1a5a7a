import { bytesToHex } from '@tops/crypto';
import type { Bundle, Evidence, Problem } from '@tops/protocol';

/**
 * What was found of a bundle (`accepted`, `rejected`) or of evidence (`contradicted`, `sound`, `malformed`). The bundle is absent
 * when it could not even be read.
 */
export type Verdict = { readonly bundle?: Bundle; readonly evidence?: Evidence } & (
  | { readonly outcome: 'accepted' | 'sound' }
  | { readonly outcome: 'rejected' | 'malformed'; readonly problem: Problem }
  | { readonly outcome: 'contradicted'; readonly row: number }
);

/** Whether the caller named the verifier's key, so that it need not be compared by eye. */
interface ReportOptions {
  readonly verifierKeyHex?: string;
}

/** What --json prints. */
export function verdictJson(verdict: Verdict, options: ReportOptions) {
  const { outcome, bundle, evidence } = verdict;
  return {
    outcome,
    ...(outcome === 'contradicted' ? { row: verdict.row } : {}),
    ...(bundle === undefined
      ? {}
      : {
          receipt_id: bundle.receipt.receiptId,
          did: bundle.receipt.workerDid,
          sizes: bundle.receipt.receipt.sizes,
          rows: bundle.rows,
        }),
    ...(evidence === undefined
      ? {}
      : {
          deadline_at: evidence.challenge.deadline_at,
          verifier_key_hex: bytesToHex(evidence.verifierKey),
          verifier_key_known: options.verifierKeyHex !== undefined,
        }),
    ...('problem' in verdict ? { problem: verdict.problem } : {}),
  };
}

/** One line that says what the bundle shows and of whom. */
export function verdictText(verdict: Verdict, options: ReportOptions): string {
  const { bundle, evidence } = verdict;
  const parts = [findingText(verdict)];
  if (bundle !== undefined) {
    const { receiptId, workerDid, receipt } = bundle.receipt;
    const { m, n, k } = receipt.sizes;
    parts.push(`receipt ${receiptId} of ${workerDid}, m=${m} n=${n} k=${k}`);
  }
  if (evidence !== undefined && verdict.outcome !== 'malformed') {
    const key = bytesToHex(evidence.verifierKey);
    const whose = options.verifierKeyHex === undefined ? ', which the bundle itself names' : '';
    parts.push(`rows drawn by the verifier key ${key}${whose}`);
  }
  return parts.join('; ');
}

function findingText(verdict: Verdict): string {
  const rowCount = verdict.bundle?.rows.length ?? 0;
  switch (verdict.outcome) {
    case 'accepted':
      return `accepted: ${rowCount} rows recomputed and equal`;
    case 'sound':
      return `sound: ${rowCount} rows recomputed and equal, the one accused too: it shows no cheat`;
    case 'contradicted':
      return `cheat: row ${verdict.row} contradicts the root the worker signed`;
    case 'rejected':
    case 'malformed':
      return `${verdict.outcome}: ${describeProblem(verdict.problem)}`;
  }
}

/** The code, the field where one is at fault, and what was expected and got. */
export function describeProblem(problem: Problem): string {
  const { code, detail, field } = problem;
  const where = field === undefined || detail.includes(field) ? '' : ` (${field})`;
  return `${code}: ${detail}${where}`;
}
