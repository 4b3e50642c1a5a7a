import type { CreditFields, PublishedEpoch, ReceiptFields, SignedHead } from '@tops/audit';
import { bytesToHex, HASH_BYTES } from '@tops/crypto';
import type { CreditRow, EpochRecord, ReceiptRecord } from '@tops/ledger';
import { encodeProof, OPS_UNIT } from '@tops/protocol';

// What the ledger holds, in the words of the surface: the same whether it is served or archived.

/** An epoch as `/v1/epochs` shows it. */
export function epochMessage(epoch: EpochRecord): PublishedEpoch & { readonly sealed: boolean } {
  const { sealed } = epoch;
  return {
    epoch_id: epoch.epochId,
    opens_at: epoch.opensAtMs,
    closes_at: epoch.closesAtMs,
    prev_hash_hex: bytesToHex(epoch.prevHash),
    entropy_hex: bytesToHex(epoch.entropy),
    ...(epoch.previousEpochId === undefined ? {} : { previous_epoch_id: epoch.previousEpochId }),
    ...(epoch.sealedAtOpeningEpochId === undefined
      ? {}
      : { sealed_at_opening_epoch_id: epoch.sealedAtOpeningEpochId }),
    sealed: sealed !== undefined,
    ...(sealed === undefined
      ? {}
      : {
          head_hex: bytesToHex(sealed.head),
          ledger_root_hex: bytesToHex(sealed.ledgerRoot),
          entry_count: sealed.entryCount,
        }),
    ...(sealed?.signed === undefined
      ? {}
      : {
          head_sig_hex: bytesToHex(sealed.signed.signature),
          verifier_key_hex: bytesToHex(sealed.signed.verifierKey),
        }),
    ...(epoch.archivedAtMs === undefined ? {} : { archived: true }),
  };
}

/** The signed head of an epoch; undefined until it is sealed and signed. */
export function signedHeadOf({ epochId, prevHash, sealed }: EpochRecord): SignedHead | undefined {
  if (sealed?.signed === undefined) return undefined;
  return {
    epoch_id: epochId,
    entry_count: sealed.entryCount,
    ledger_root_hex: bytesToHex(sealed.ledgerRoot),
    head_hex: bytesToHex(sealed.head),
    prev_hash_hex: bytesToHex(prevHash),
    head_sig_hex: bytesToHex(sealed.signed.signature),
    verifier_key_hex: bytesToHex(sealed.signed.verifierKey),
  };
}

/**
 * A receipt of a sealed epoch.
 *
 * @param proof - leaves, then siblings, of a rejected one.
 */
export function receiptMessage(
  record: ReceiptRecord,
  proof: Uint8Array | undefined,
): ReceiptFields {
  const { outcome } = record;
  if (outcome === 'open') throw new RangeError('expected a settled receipt, got an open one');
  const leavesBytes = record.rows.length * HASH_BYTES;
  return {
    receipt: record.receipt,
    receipt_id: record.receiptId,
    rows: record.rows,
    deadline_at: record.deadlineAtMs,
    challenge_sig_hex: record.challengeSigHex,
    received_at: record.receivedAtMs,
    outcome,
    credited_ops: (record.creditedUnits * OPS_UNIT).toString(),
    settled_at: record.settledAtMs ?? record.deadlineAtMs,
    ...(record.mismatchRow === undefined ? {} : { mismatch_row: record.mismatchRow }),
    ...(proof === undefined
      ? {}
      : encodeProof({
          leaves: proof.subarray(0, leavesBytes),
          siblings: proof.subarray(leavesBytes),
        })),
  };
}

/** What a key has of an epoch. */
export function creditMessage(row: CreditRow): CreditFields {
  return {
    did: row.did,
    public_key_hex: row.publicKeyHex,
    credited_ops: (row.creditedUnits * OPS_UNIT).toString(),
    accepted: row.accepted,
    rejected: row.rejected,
    missed: row.missed,
    revoked: row.revoked,
  };
}
