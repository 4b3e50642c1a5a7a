import { base64ToBytes, CryptoError, HASH_BYTES, hexToBytes } from '@tops/crypto';
import { maxChallengeRows, rowsProblem, verifyChallenge } from '@tops/protocol';
import { attemptOf, checkProofFold, checkSignature, type ComputeLeaves } from '@tops/verification';
import type { EpochFields } from './archive-lines.ts';
import type { ReceiptLine } from './epoch-audit.ts';
import type { Report } from './finding.ts';

/** What recomputes a row, for --recompute. */
export interface Recomputing {
  readonly computeLeaves: ComputeLeaves;
  /** Largest k·n + n·n to recompute. */
  readonly maxWeights: number;
}

/** What became of a rejected receipt's proof. */
export type ProofCheck = 'none' | 'missing' | 'folded' | 'recomputed';

const limits = { min_rows: 64, max_weights: Number.MAX_SAFE_INTEGER };

/** Checks what a receipt line says on its own: epoch, signatures, id, rows, and a rejection's proof. */
export class ReceiptAudit {
  readonly #report: Report;
  readonly #recomputing: Recomputing | undefined;
  readonly #skipSignatures: boolean;

  constructor(
    options: { readonly skipSignatures: boolean },
    deps: { readonly report: Report; readonly recomputing: Recomputing | undefined },
  ) {
    this.#skipSignatures = options.skipSignatures;
    this.#report = deps.report;
    this.#recomputing = deps.recomputing;
  }

  /** @param context - verifierKeys: hex, those that may have signed the challenge. */
  async check(
    line: ReceiptLine,
    context: { readonly epoch: EpochFields; readonly verifierKeys: readonly string[] },
  ): Promise<ProofCheck> {
    this.#checkEpoch(line, context.epoch);
    this.#checkReceipt(line);
    const rowsAreSound = this.#checkChallenge(line, context.verifierKeys);
    if (line.outcome !== 'rejected') return 'none';
    return rowsAreSound ? this.#checkProof(line) : 'none';
  }

  #checkEpoch({ receipt }: ReceiptLine, epoch: EpochFields): void {
    const refuse = (field: string, wanted: string | number, got: string | number) => {
      const detail = `expected ${wanted}, got ${got}`;
      this.#report({ code: 'receipt_epoch_mismatch', field: `receipt.${field}`, detail });
    };
    if (receipt.epoch_id !== epoch.epoch_id) refuse('epoch_id', epoch.epoch_id, receipt.epoch_id);
    if (receipt.prev_hash_hex !== epoch.prev_hash_hex)
      refuse('prev_hash_hex', epoch.prev_hash_hex, receipt.prev_hash_hex);
  }

  #checkReceipt({ parsed, receipt_id }: ReceiptLine): void {
    const problem = checkSignature(parsed, { limits, skipSignatures: this.#skipSignatures });
    if (problem !== undefined) {
      const { detail, field = 'sig_hex' } = problem;
      this.#report({ code: 'receipt_signature_invalid', field: `receipt.${field}`, detail });
    }
    if (receipt_id === parsed.receiptId) return;
    const detail = `expected ${parsed.receiptId} of the signed bytes, got ${receipt_id}`;
    this.#report({ code: 'receipt_id_mismatch', field: 'receipt_id', detail });
  }

  /** @returns whether the rows are such that a proof can be folded. */
  #checkChallenge(line: ReceiptLine, verifierKeys: readonly string[]): boolean {
    const { receipt_id, rows, deadline_at, challenge_sig_hex } = line;
    const { m } = line.receipt.sizes;
    const problem = rowsProblem({ rows, maxCount: maxChallengeRows, m });
    if (problem !== undefined) {
      const { detail, field = 'rows' } = problem;
      this.#report({ code: 'rows_invalid', field, detail });
    }
    const challenge = { receipt_id, rows, deadline_at, challenge_sig_hex };
    const isSigned =
      this.#skipSignatures ||
      verifierKeys.some((key) => verifyChallenge(challenge, hexToBytes(key)));
    if (!isSigned) {
      const detail = "expected the verifier's signature over receipt_id, rows and deadline_at";
      this.#report({
        code: 'challenge_signature_invalid',
        field: 'challenge_sig_hex',
        detail: `${detail}, got another`,
      });
    }
    return problem === undefined;
  }

  async #checkProof(line: ReceiptLine): Promise<ProofCheck> {
    const { rows, mismatch_row: row = -1, leaves, siblings } = line;
    const index = rows.indexOf(row);
    if (index < 0) {
      const detail = `expected one of the challenged rows, got ${row}`;
      this.#report({ code: 'rows_invalid', field: 'mismatch_row', detail });
      return 'none';
    }
    if (leaves === undefined || siblings === undefined) return 'missing';
    const proof = decodeProof({ leaves, siblings });
    if (proof === undefined) {
      const detail = 'expected canonical padded base64, got another text';
      this.#report({ code: 'proof_malformed', field: 'leaves', detail });
      return 'none';
    }
    const problem = checkProofFold({ parsed: line.parsed, rows, ...proof });
    if (problem !== undefined) {
      const { detail, field = 'leaves' } = problem;
      this.#report({ code: 'proof_malformed', field, detail });
      return 'none';
    }
    const leaf = proof.leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    return this.#recompute(line, { row, leaf });
  }

  async #recompute(
    line: ReceiptLine,
    claim: { readonly row: number; readonly leaf: Uint8Array },
  ): Promise<ProofCheck> {
    if (this.#recomputing === undefined) return 'folded';
    const { computeLeaves, maxWeights } = this.#recomputing;
    const { n, k } = line.receipt.sizes;
    if (k * n + n * n > maxWeights) {
      const detail = `expected k*n + n*n of at most ${maxWeights} (--max-weights), got ${k * n + n * n}`;
      this.#report({ code: 'proof_unchecked', field: 'receipt.sizes', detail });
      return 'folded';
    }
    const computed = await computeLeaves(attemptOf(line.parsed), [claim.row]);
    if (Buffer.compare(computed, claim.leaf) === 0) {
      const detail = `expected row ${claim.row} to differ from its recomputation, got the same leaf`;
      this.#report({ code: 'proof_not_contradicting', field: 'mismatch_row', detail });
    }
    return 'recomputed';
  }
}

function decodeProof(proof: { leaves: string; siblings: string }) {
  try {
    return { leaves: base64ToBytes(proof.leaves), siblings: base64ToBytes(proof.siblings) };
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}
