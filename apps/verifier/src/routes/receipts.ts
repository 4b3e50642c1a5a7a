import { HASH_BYTES } from '@tops/crypto';
import type { LedgerStore, ReceiptRecord } from '@tops/ledger';
import {
  encodeProof,
  OPS_UNIT,
  type AcceptedResponse,
  type Challenge,
  type EvidenceMessage,
} from '@tops/protocol';
import { challengeKeyHex } from '../challenge-key.ts';
import { json, type Parameter, type Route } from '../http/route.ts';
import type { ProofService } from '../proof-service.ts';
import type { ReceiptService } from '../receipt-service.ts';
import { refuseWith, type Refusal } from '../refusal.ts';

export interface ReceiptRouteDeps {
  readonly receipts: ReceiptService;
  readonly proofs: ProofService;
  readonly ledger: Pick<LedgerStore, 'getReceipt' | 'getEvidence' | 'getEpoch' | 'archive'>;
}

export const receiptIdParameter: Parameter = {
  name: 'receipt_id',
  in: 'path',
  description: 'BLAKE3 of the signed bytes of the receipt.',
  schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
};

/** Submitting receipts, answering their challenges, looking one up, and what was found against it. */
export function receiptRoutes(
  options: { readonly verifierKeyHex: string },
  deps: ReceiptRouteDeps,
): Route[] {
  return [submitReceipt(deps), submitProof(deps), getReceipt(deps), getEvidence(options, deps)];
}

function submitReceipt({ receipts }: ReceiptRouteDeps): Route {
  return {
    method: 'post',
    path: '/v1/receipts',
    requestClass: 'receipt',
    operation: {
      operationId: 'submitReceipt',
      summary: 'Commit to an attempt and get the challenge for it',
      description:
        'Recorded before it is answered. The same receipt again gets the same challenge; an existing one is never drawn again.',
      tag: 'work',
      request: 'Receipt',
      success: {
        201: { description: 'Recorded now', schema: 'Challenge' },
        200: { description: 'Recorded before: the same answer', schema: 'Challenge' },
      },
      problems: [
        ...['kernel_ver_unsupported', 'device_did_malformed', 'device_did_foreign'],
        ...['driver_hint_malformed', 'shape_invalid', 'shape_below_min_rows', 'shape_over_limit'],
        ...['public_key_invalid', 'signature_non_canonical', 'signature_invalid'],
        ...['key_not_allowed', 'key_quarantined', 'epoch_unknown', 'epoch_closed'],
        ...['prev_hash_mismatch', 'nonce_already_used', 'too_many_open_challenges'],
      ] as Route['operation']['problems'],
    },
    async handle(request) {
      const result = await receipts.submit(request);
      if (result.kind === 'refused') return result;
      return json(challengeOf(result.record), result.kind === 'created' ? 201 : 200);
    },
  };
}

function submitProof({ proofs }: ReceiptRouteDeps): Route {
  return {
    method: 'post',
    path: '/v1/receipts/{receipt_id}/proof',
    requestClass: 'proof',
    operation: {
      operationId: 'submitProof',
      summary: 'Answer a challenge with the leaves of its rows and their siblings',
      description:
        'A proof that does not fold to the work root costs nothing and may be corrected until the deadline. A row that differs from its recomputation is final: status is then the word "rejected".',
      tag: 'work',
      parameters: [receiptIdParameter],
      request: 'Proof',
      success: { 200: { description: 'Every challenged row is right', schema: 'Accepted' } },
      problems: [
        ...(['receipt_not_found', 'proof_malformed', 'row_mismatch'] as const),
        ...(['deadline_passed', 'receipt_revoked'] as const),
      ],
    },
    async handle(request) {
      const result = await proofs.submit(request.text('receipt_id') ?? '', request);
      if (result.kind === 'refused') return result;
      const accepted: AcceptedResponse = {
        status: 'accepted',
        credited_ops: creditedOps(result.record),
      };
      return json(accepted);
    },
  };
}

function getReceipt({ ledger }: ReceiptRouteDeps): Route {
  return {
    method: 'get',
    path: '/v1/receipts/{receipt_id}',
    operation: {
      operationId: 'getReceipt',
      summary: 'One receipt with its challenge and where it stands',
      tag: 'reading',
      parameters: [receiptIdParameter],
      success: { 200: { description: 'The receipt', schema: 'ReceiptEvidence' } },
      problems: ['receipt_not_found', 'receipt_archived'],
    },
    async handle(request) {
      const receiptId = request.text('receipt_id') ?? '';
      const record = await ledger.getReceipt(receiptId);
      if (record === undefined) return missingReceipt(receiptId, ledger);
      const isRejected = record.outcome === 'rejected';
      return json(
        evidenceOf(record, isRejected ? await ledger.getEvidence(record.receiptId) : undefined),
      );
    },
  };
}

function getEvidence(options: { readonly verifierKeyHex: string }, deps: ReceiptRouteDeps): Route {
  const { ledger } = deps;
  return {
    method: 'get',
    path: '/v1/receipts/{receipt_id}/evidence',
    operation: {
      operationId: 'getEvidence',
      summary: 'What a rejected receipt was contradicted by',
      description:
        'A bundle that `tops verify` re-checks with no verifier: both signatures, the fold, and the row. Kept for EVIDENCE_DAYS, and while EVIDENCE_MAX_MB has room for it.',
      tag: 'reading',
      parameters: [receiptIdParameter],
      success: { 200: { description: 'The bundle', schema: 'Evidence' } },
      problems: ['receipt_not_found', 'receipt_archived', 'evidence_not_found'],
    },
    async handle(request) {
      const receiptId = request.text('receipt_id') ?? '';
      const record = await ledger.getReceipt(receiptId);
      if (record === undefined) return missingReceipt(receiptId, ledger);
      const { mismatchRow } = record;
      const proof =
        mismatchRow === undefined ? undefined : await ledger.getEvidence(record.receiptId);
      if (proof === undefined || mismatchRow === undefined) {
        const detail = `expected a rejected receipt whose proof is kept, got one that is ${record.outcome}`;
        return refuseWith('evidence_not_found', detail);
      }
      const challenge = challengeOf(record);
      const evidence: EvidenceMessage = {
        receipt: record.receipt,
        rows: challenge.rows,
        deadline_at: challenge.deadline_at,
        challenge_sig_hex: challenge.challenge_sig_hex,
        verifier_key_hex: await challengeKeyHex(
          { challenge, epochId: record.receipt.epoch_id },
          { presentKeyHex: options.verifierKeyHex, ledger },
        ),
        ...proofOf(record, proof),
        mismatch_row: mismatchRow,
      };
      return json(evidence);
    },
  };
}

/** Never recorded, or rolled out of the ledger. */
export async function missingReceipt(
  receiptId: string,
  ledger: Pick<LedgerStore, 'archive'>,
): Promise<Refusal> {
  const epochId = await ledger.archive.archivedEpochOf(receiptId);
  return epochId === undefined
    ? refuseWith('receipt_not_found', 'expected the id of a recorded receipt, got another')
    : refuseWith(
        'receipt_archived',
        `expected a receipt of the ledger, got one of the archive of epoch ${epochId}`,
      );
}

/** Made from what is stored, in one order of keys: a repeated receipt gets the same bytes. */
function challengeOf(record: ReceiptRecord): Challenge {
  return {
    receipt_id: record.receiptId,
    rows: record.rows,
    deadline_at: record.deadlineAtMs,
    challenge_sig_hex: record.challengeSigHex,
  };
}

/** @param proof - leaves, then siblings: with it the answer is a bundle that anybody can re-check. */
function evidenceOf(record: ReceiptRecord, proof: Uint8Array | undefined) {
  return {
    receipt_id: record.receiptId,
    receipt: record.receipt,
    rows: record.rows,
    deadline_at: record.deadlineAtMs,
    challenge_sig_hex: record.challengeSigHex,
    received_at: record.receivedAtMs,
    outcome: record.outcome,
    credited_ops: creditedOps(record),
    ...(record.mismatchRow === undefined ? {} : { row: record.mismatchRow }),
    ...(proof === undefined ? {} : proofOf(record, proof)),
    ...(record.settledAtMs === undefined ? {} : { settled_at: record.settledAtMs }),
  };
}

/** @param proof - as ProofService keeps it: leaves, then siblings. */
function proofOf(record: ReceiptRecord, proof: Uint8Array) {
  const leavesBytes = record.rows.length * HASH_BYTES;
  return encodeProof({
    leaves: proof.subarray(0, leavesBytes),
    siblings: proof.subarray(leavesBytes),
  });
}

function creditedOps(record: Pick<ReceiptRecord, 'creditedUnits'>): string {
  return (record.creditedUnits * OPS_UNIT).toString();
}
