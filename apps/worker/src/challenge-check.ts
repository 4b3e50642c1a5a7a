import { rowsProblem, verifyChallenge, type Challenge } from '@tops/protocol';
import type { CompletedAttempt } from './attempt.ts';

export interface ChallengeProblem {
  readonly kind: 'signature' | 'validation';
  readonly code:
    'challenge_receipt_foreign' | 'challenge_rows_invalid' | 'challenge_signature_invalid';
  readonly detail: string;
}

/**
 * Whether a challenge is one this worker answers. The verifier is trusted to draw, not to be sane: nothing it sends may
 * crash the worker or order unbounded work. The signature comes last, so that an answer always rests on rows the
 * verifier can be held to.
 */
export function challengeProblem(
  challenge: Challenge,
  attempt: Pick<CompletedAttempt, 'epoch' | 'receiptId' | 'shape'>,
): ChallengeProblem | undefined {
  const { epoch, receiptId, shape } = attempt;
  if (challenge.receipt_id !== receiptId) {
    return {
      kind: 'validation',
      code: 'challenge_receipt_foreign',
      detail: `expected a challenge for ${receiptId}, got one for ${challenge.receipt_id.slice(0, 64)}`,
    };
  }
  const rows = rowsProblem({
    rows: challenge.rows,
    maxCount: epoch.info.limits.audit_rows_max,
    m: shape.m,
  });
  if (rows !== undefined) {
    return { kind: 'validation', code: 'challenge_rows_invalid', detail: rows.detail };
  }
  if (!verifyChallenge(challenge, epoch.verifierKey)) {
    return {
      kind: 'signature',
      code: 'challenge_signature_invalid',
      detail: 'expected a challenge signed with verifier_key_hex of /v1/epoch',
    };
  }
  return undefined;
}
