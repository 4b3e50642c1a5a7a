/**
 * What an audit can find:
 *
 * - `line_malformed`: not one line of RFC 8785 JSON, or a field of it has another form.
 * - `line_order`: a line where another kind belongs.
 * - `chain_mismatch`: the line, or one before it, is not the one that was written.
 * - `archive_incomplete`: the end is missing, or counts other lines.
 * - `epoch_order`, `epoch_times`: ids that do not increase or links that do not fit; times that do not belong to the id.
 * - `beacon_mismatch`, `head_mismatch`, `ledger_root_mismatch`, `entry_count_mismatch`: a hash or count that does not follow.
 * - `head_signature_invalid`, `verifier_key_mismatch`: not signed, or not by the expected key.
 * - `receipt_signature_invalid`, `receipt_id_mismatch`, `receipt_epoch_mismatch`, `nonce_reused`.
 * - `challenge_signature_invalid`, `rows_invalid`.
 * - `credited_ops_mismatch`, `credits_mismatch`: a receipt's ops, a key's sums.
 * - `revocation_missing`: credit of a key that has a rejected receipt in the epoch.
 * - `rejection_missing`: credit taken away by no rejection of that key.
 * - `proof_malformed`, `proof_not_contradicting`: a rejection its stored proof does not show.
 * - `proof_unchecked`: a stored proof too large to recompute within --max-weights.
 * - `anchor_mismatch`, `anchor_missing`: a head differs from the one anchored outside; nothing to compare.
 */
export type FindingCode =
  | 'line_malformed'
  | 'line_order'
  | 'chain_mismatch'
  | 'archive_incomplete'
  | 'epoch_order'
  | 'epoch_times'
  | 'beacon_mismatch'
  | 'head_mismatch'
  | 'ledger_root_mismatch'
  | 'entry_count_mismatch'
  | 'head_signature_invalid'
  | 'verifier_key_mismatch'
  | 'receipt_signature_invalid'
  | 'receipt_id_mismatch'
  | 'receipt_epoch_mismatch'
  | 'nonce_reused'
  | 'challenge_signature_invalid'
  | 'rows_invalid'
  | 'credited_ops_mismatch'
  | 'credits_mismatch'
  | 'revocation_missing'
  | 'rejection_missing'
  | 'proof_malformed'
  | 'proof_not_contradicting'
  | 'proof_unchecked'
  | 'anchor_mismatch'
  | 'anchor_missing';

/** One thing that is wrong, and where. */
export interface Finding {
  readonly code: FindingCode;
  /** From 1. */
  readonly line: number;
  readonly epochId?: number;
  readonly receiptId?: string;
  /** The field of the line that does not fit. */
  readonly field?: string;
  /** expected X, got Y. */
  readonly detail: string;
}

/** Where a check reports to. */
export type Report = (finding: Omit<Finding, 'line'> & { readonly line?: number }) => void;
