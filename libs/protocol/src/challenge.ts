import { concatBytes, hexToBytes, verifyStrict } from '@tops/crypto';
import { FieldReader } from './fields.ts';
import { jcsBytes } from './jcs.ts';
import type { Parsed } from './problem.ts';
import { maxChallengeRows, rowsProblem } from './rows.ts';

/** The verifier's answer to a recorded receipt. */
export interface Challenge {
  readonly receipt_id: string;
  /** Ascending, distinct, below the receipt's m. */
  readonly rows: readonly number[];
  /** Unix milliseconds. */
  readonly deadline_at: number;
  /** The verifier's Ed25519 signature over {@link challengeSignedBytes}. */
  readonly challenge_sig_hex: string;
}

const signingDomain = new TextEncoder().encode('tops-verifier challenge v2\n');

/** The bytes `challenge_sig_hex` signs: the domain line, then JCS of the three other fields. */
export function challengeSignedBytes(
  challenge: Pick<Challenge, 'receipt_id' | 'rows' | 'deadline_at'>,
): Uint8Array {
  const { deadline_at, receipt_id, rows } = challenge;
  return concatBytes(signingDomain, jcsBytes({ deadline_at, receipt_id, rows }));
}

/**
 * Reads a challenge; fields a newer verifier adds are ignored.
 *
 * @param value - untrusted: what `parseJson` gave. That every row is below m is for the reader to check, who knows m.
 */
export function parseChallenge(value: unknown): Parsed<Challenge> {
  const fields = FieldReader.open(value, {
    required: ['receipt_id', 'rows', 'deadline_at', 'challenge_sig_hex'],
    unknown: 'ignore',
  });
  const receipt_id = fields.hex('receipt_id', 32);
  const rows = fields.integers('rows', { maxCount: maxChallengeRows, tooMany: 'rows_invalid' });
  const deadline_at = fields.integer('deadline_at');
  const challenge_sig_hex = fields.hex('challenge_sig_hex', 64);
  if (fields.isSound) fields.refuse(rowsProblem({ rows, maxCount: maxChallengeRows }));
  return fields.finish(() => ({ receipt_id, rows, deadline_at, challenge_sig_hex }));
}

/** Whether the verifier's key signed the challenge. */
export function verifyChallenge(challenge: Challenge, verifierKey: Uint8Array): boolean {
  const verdict = verifyStrict({
    publicKey: verifierKey,
    message: challengeSignedBytes(challenge),
    signature: hexToBytes(challenge.challenge_sig_hex),
  });
  return verdict === 'valid';
}
