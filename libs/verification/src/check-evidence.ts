import { bytesToHex, HASH_BYTES, hexToBytes, verifyStrict } from '@tops/crypto';
import { challengeSignedBytes, type Evidence, type Problem } from '@tops/protocol';
import { attemptOf } from './attempt.ts';
import { bundleProblem, type BundleContext } from './check-bundle.ts';
import { judgeRows, type JudgeDependencies } from './judge-rows.ts';

export interface EvidenceContext extends BundleContext {
  /** The verifier's key in lower-case hex, where the reader knows it; absent takes the one the bundle names. */
  readonly verifierKeyHex?: string;
}

/**
 * `contradicted`: the worker signed a root over a row that recomputation contradicts, in a challenge that the verifier's key
 * signed. `sound`: every row is right, so nothing is shown against the worker. `malformed`: the bundle does not hold together,
 * which shows nothing against anybody but who made it.
 */
export type EvidenceVerdict =
  | { readonly outcome: 'contradicted'; readonly row: number }
  | { readonly outcome: 'sound' }
  | { readonly outcome: 'malformed'; readonly problem: Problem };

/**
 * Re-checks the evidence against a rejected receipt from its own bytes: both signatures, the fold, and the rows by
 * recomputation. What it cannot show is that the beacon was that of the epoch; the ledger's export shows that.
 */
export async function checkEvidence(
  evidence: Evidence,
  context: EvidenceContext,
  deps: JudgeDependencies,
): Promise<EvidenceVerdict> {
  const problem =
    verifierKeyProblem(evidence, context) ??
    bundleProblem(evidence, context) ??
    challengeProblem(evidence);
  if (problem !== undefined) return { outcome: 'malformed', problem };

  const { receipt, rows, leaves, mismatchRow } = evidence;
  const attempt = attemptOf(receipt);
  const at = rows.indexOf(mismatchRow) * HASH_BYTES;
  const accused = { attempt, rows: [mismatchRow], leaves: leaves.subarray(at, at + HASH_BYTES) };
  if ((await judgeRows(accused, deps)).outcome === 'rejected') {
    return { outcome: 'contradicted', row: mismatchRow };
  }
  const verdict = await judgeRows({ attempt, rows, leaves }, deps);
  if (verdict.outcome === 'accepted') return { outcome: 'sound' };
  const detail = `expected mismatch_row as a row that recomputation contradicts, got ${mismatchRow}, which is right; row ${verdict.row} is not`;
  return {
    outcome: 'malformed',
    problem: { code: 'row_mismatch', detail, field: 'mismatch_row', row: verdict.row },
  };
}

function verifierKeyProblem(evidence: Evidence, context: EvidenceContext): Problem | undefined {
  const expected = context.verifierKeyHex;
  const got = bytesToHex(evidence.verifierKey);
  if (expected === undefined || got === expected) return undefined;
  return {
    code: 'signature_invalid',
    detail: `expected a challenge of the verifier key ${expected}, got one of ${got}`,
    field: 'verifier_key_hex',
  };
}

/** Whether the rows were drawn by whoever holds the verifier's key, for this receipt. */
function challengeProblem(evidence: Evidence): Problem | undefined {
  const { receipt, rows, challenge, verifierKey } = evidence;
  // Of the receipt and the rows that are judged here, whatever the challenge itself says.
  const { deadline_at } = challenge;
  const verdict = verifyStrict({
    publicKey: verifierKey,
    message: challengeSignedBytes({ receipt_id: receipt.receiptId, rows, deadline_at }),
    signature: hexToBytes(challenge.challenge_sig_hex),
  });
  switch (verdict) {
    case 'valid':
      return undefined;
    case 'public_key_invalid':
      return {
        code: verdict,
        detail: 'expected verifier_key_hex as a canonical Ed25519 key, got another',
        field: 'verifier_key_hex',
      };
    case 'signature_non_canonical':
    case 'signature_invalid':
      return {
        code: verdict,
        detail:
          'expected challenge_sig_hex as a signature of verifier_key_hex over receipt, rows and deadline_at, got another',
        field: 'challenge_sig_hex',
      };
  }
}
