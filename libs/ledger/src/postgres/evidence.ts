import { EVIDENCE_BATCH, evidencePruned, evidenceToDelete } from '../evidence-batch.ts';
import type { EvidencePruned } from '../ledger-store.ts';
import { toKeptEvidence } from '../stored-records.ts';
import type { Session } from './database.ts';

/** In a transaction: keeps the proof that a rejected receipt was contradicted by. */
export async function insertEvidence(
  session: Session,
  input: { readonly receiptId: Uint8Array; readonly proof: Uint8Array; readonly atMs: number },
): Promise<void> {
  await session.run(
    'INSERT INTO evidence (receipt_id, proof, kept_at_ms, proof_bytes) VALUES ($1, $2, $3, $4)',
    input.receiptId,
    input.proof,
    input.atMs,
    input.proof.length,
  );
}

export async function evidenceOf(
  session: Session,
  receiptId: Uint8Array,
): Promise<Uint8Array | undefined> {
  const [row] = await session.query('SELECT proof FROM evidence WHERE receipt_id = $1', receiptId);
  return row?.blob('proof');
}

/**
 * In a transaction: deletes a batch, see LedgerStore.pruneEvidence. Totals and the oldest are read at one moment: of several
 * replicas that do this at once, each picks the same batch for the same sum, and all but one find it gone.
 */
export async function pruneEvidence(
  session: Session,
  bounds: { readonly keptSinceMs: number; readonly maxBytes: number },
): Promise<EvidencePruned> {
  const rows = await session.query(
    `SELECT totals.*, oldest.* FROM
      (SELECT count(*) AS count, coalesce(sum(proof_bytes), 0)::bigint AS bytes FROM evidence) AS totals
      CROSS JOIN (SELECT receipt_id, kept_at_ms, proof_bytes FROM evidence
        ORDER BY kept_at_ms, receipt_id LIMIT $1) AS oldest
    ORDER BY kept_at_ms, receipt_id`,
    EVIDENCE_BATCH,
  );
  const [first] = rows;
  const totals = { count: first?.integer('count') ?? 0, bytes: first?.integer('bytes') ?? 0 };
  const deleted = evidenceToDelete(rows.map(toKeptEvidence), totals, bounds);
  if (deleted.length > 0) {
    await session.run(
      'DELETE FROM evidence WHERE receipt_id = ANY ($1::bytea[])',
      deleted.map(({ receiptId }) => receiptId),
    );
  }
  return evidencePruned(deleted, totals);
}
