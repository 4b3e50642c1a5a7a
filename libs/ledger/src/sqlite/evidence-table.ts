import type { EvidencePruned } from '../ledger-store.ts';
import { EVIDENCE_BATCH, evidencePruned, evidenceToDelete } from '../evidence-batch.ts';
import { toKeptEvidence } from '../stored-records.ts';
import type { Connection, Statement } from './connection.ts';

/** The proofs that rejected receipts were contradicted by. */
export class EvidenceTable {
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;

  constructor(connection: Connection) {
    this.#statements = {
      insert: connection.prepare(SQL.insert),
      get: connection.prepare(SQL.get),
      totals: connection.prepare(SQL.totals),
      oldest: connection.prepare(SQL.oldest),
      remove: connection.prepare(SQL.remove),
    };
  }

  insert(input: {
    readonly receiptId: Uint8Array;
    readonly proof: Uint8Array;
    readonly atMs: number;
  }): void {
    this.#statements.insert.run(input.receiptId, input.proof, input.atMs, input.proof.length);
  }

  get(receiptId: Uint8Array): Uint8Array | undefined {
    return this.#statements.get.get(receiptId)?.blob('proof');
  }

  /** Inside a transaction: deletes a batch, see LedgerStore.pruneEvidence. */
  prune(bounds: { readonly keptSinceMs: number; readonly maxBytes: number }): EvidencePruned {
    const row = this.#statements.totals.get();
    const totals = { count: row?.integer('count') ?? 0, bytes: row?.integer('bytes') ?? 0 };
    const oldest = this.#statements.oldest.all(EVIDENCE_BATCH).map(toKeptEvidence);
    const deleted = evidenceToDelete(oldest, totals, bounds);
    for (const { receiptId } of deleted) this.#statements.remove.run(receiptId);
    return evidencePruned(deleted, totals);
  }
}

// Totals and ages come from the index alone: a proof fills pages of its own, which nobody reads to count it.
const SQL = {
  insert: 'INSERT INTO evidence (receipt_id, proof, kept_at_ms, proof_bytes) VALUES (?, ?, ?, ?)',
  get: 'SELECT proof FROM evidence WHERE receipt_id = ?',
  totals: `
    SELECT count(*) AS count, coalesce(sum(proof_bytes), 0) AS bytes
    FROM evidence INDEXED BY evidence_by_age`,
  oldest: `
    SELECT receipt_id, kept_at_ms, proof_bytes FROM evidence INDEXED BY evidence_by_age
    ORDER BY kept_at_ms, receipt_id LIMIT ?`,
  remove: 'DELETE FROM evidence WHERE receipt_id = ?',
};
