import { bytesToHex, hexToBytes } from '@tops/crypto';
import {
  bundleFields,
  bundleVersionProblem,
  encodeBundle,
  readBundle,
  type Bundle,
  type BundleMessage,
} from './bundle.ts';
import type { Challenge } from './challenge.ts';
import { FieldReader, isJsonObject } from './fields.ts';
import type { Parsed } from './problem.ts';

/**
 * A bundle with the signed challenge its rows were drawn in, and the row the verifier says it contradicts: all it takes to show
 * a stranger why a receipt was rejected.
 */
export interface Evidence extends Bundle {
  readonly challenge: Challenge;
  /** 32 bytes: the key that is said to have signed the challenge. Whose it is, the bundle cannot show. */
  readonly verifierKey: Uint8Array;
  /** One of `rows`. Not signed by anybody, and need not be: recomputation shows it. */
  readonly mismatchRow: number;
}

/** The wire form of {@link Evidence}, as GET /v1/receipts/{id}/evidence answers; every field is attacker-controlled. */
export interface EvidenceMessage extends BundleMessage {
  /** Unix milliseconds. */
  readonly deadline_at: number;
  readonly challenge_sig_hex: string;
  readonly verifier_key_hex: string;
  readonly mismatch_row: number;
}

const ownFields = ['deadline_at', 'challenge_sig_hex', 'verifier_key_hex', 'mismatch_row'] as const;

/** Whether a message is meant as evidence, and not as a bundle without a challenge. */
export function isEvidenceMessage(value: unknown): boolean {
  return isJsonObject(value) && ownFields.some((name) => Object.hasOwn(value, name));
}

/** @param value - attacker-controlled: what `parseJson` gave. */
export function parseEvidence(
  value: unknown,
  options: { readonly auditRowsMax: number },
): Parsed<Evidence> {
  const versionProblem = bundleVersionProblem(value);
  if (versionProblem !== undefined) return { ok: false, problem: versionProblem };
  const fields = FieldReader.open(value, {
    required: [...bundleFields, ...ownFields],
    unknown: 'refuse',
  });
  const deadline_at = fields.integer('deadline_at');
  const challenge_sig_hex = fields.hex('challenge_sig_hex', 64);
  const verifierKeyHex = fields.hex('verifier_key_hex', 32);
  const mismatchRow = fields.integer('mismatch_row');
  const bundle = readBundle(fields, options);
  if (!bundle.ok) return bundle;
  const { receipt, rows } = bundle.value;
  if (!rows.includes(mismatchRow)) {
    const detail = `expected mismatch_row as one of the ${rows.length} rows, got ${mismatchRow}`;
    return { ok: false, problem: { code: 'rows_invalid', detail, field: 'mismatch_row' } };
  }
  const challenge = { receipt_id: receipt.receiptId, rows, deadline_at, challenge_sig_hex };
  const verifierKey = hexToBytes(verifierKeyHex);
  return { ok: true, value: { ...bundle.value, challenge, verifierKey, mismatchRow } };
}

/** The wire form of evidence. */
export function encodeEvidence(evidence: Evidence): EvidenceMessage {
  const { challenge, verifierKey, mismatchRow } = evidence;
  return {
    ...encodeBundle(evidence),
    deadline_at: challenge.deadline_at,
    challenge_sig_hex: challenge.challenge_sig_hex,
    verifier_key_hex: bytesToHex(verifierKey),
    mismatch_row: mismatchRow,
  };
}
