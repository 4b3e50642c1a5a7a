import type { EvidencePruned } from './ledger-store.ts';

/** Evidence deleted in one transaction: some 40 KB each, with thousands of rows behind them that may as well wait a moment. */
export const EVIDENCE_BATCH = 32;

/** Kept evidence as its index knows it. */
export interface KeptEvidence {
  readonly receiptId: Uint8Array;
  readonly keptAtMs: number;
  readonly proofBytes: number;
}

/** All evidence that is kept. */
export interface EvidenceTotals {
  readonly count: number;
  readonly bytes: number;
}

/**
 * What to delete of the oldest evidence, so that nothing from before `keptSinceMs` is left and no more than `maxBytes`.
 *
 * @param oldest - up to EVIDENCE_BATCH, oldest first.
 */
export function evidenceToDelete(
  oldest: readonly KeptEvidence[],
  totals: EvidenceTotals,
  bounds: { readonly keptSinceMs: number; readonly maxBytes: number },
): KeptEvidence[] {
  let keptBytes = totals.bytes;
  const end = oldest.findIndex(({ keptAtMs, proofBytes }) => {
    if (keptAtMs >= bounds.keptSinceMs && keptBytes <= bounds.maxBytes) return true;
    keptBytes -= proofBytes;
    return false;
  });
  return oldest.slice(0, end === -1 ? oldest.length : end);
}

/** @param deleted - of `totals`, which were read before. */
export function evidencePruned(
  deleted: readonly KeptEvidence[],
  totals: EvidenceTotals,
): EvidencePruned {
  const deletedBytes = deleted.reduce((sum, { proofBytes }) => sum + proofBytes, 0);
  return {
    deletedCount: deleted.length,
    keptCount: totals.count - deleted.length,
    keptBytes: totals.bytes - deletedBytes,
    isDone: deleted.length < EVIDENCE_BATCH,
  };
}
