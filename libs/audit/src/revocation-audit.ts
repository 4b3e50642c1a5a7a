import type { EpochFields } from './archive-lines.ts';
import type { ReceiptLine } from './epoch-audit.ts';
import type { Report } from './finding.ts';

interface Revoked {
  readonly line: number;
  readonly receiptId: string;
  readonly epochId: number;
  /** Whether the rejection may lie before the first archived epoch. */
  readonly maybeEarlier: boolean;
}

/** What one key had settled at one time. */
interface Settling {
  /** The earliest epoch of any of its receipts. */
  readonly epochId: number;
  hasRejection: boolean;
  readonly revoked: Revoked[];
}

/**
 * Holds every revoked receipt against the rejection that revoked it: of the same key, settled at the same time, in this epoch
 * or another. Both were open at that time, so neither of their epochs was sealed when the other was opened: from the first epoch on
 * that was opened with it sealed, a revoked receipt's rejection cannot come any more. Memory grows with the rejected and
 * revoked receipts of the epochs not sealed at once.
 */
export class RevocationAudit {
  readonly #report: Report;
  /** Key and time → what was settled then. */
  readonly #settlings = new Map<string, Settling>();
  /** The latest epoch that is not in the archive, before all that are. */
  #before: number | undefined;
  #last: number | undefined;
  #sealedAtOpening: number | undefined;
  #unexplainedCount = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  takeEpoch(epoch: EpochFields): void {
    const { epoch_id: id, previous_epoch_id: previous } = epoch;
    // The first one, or one after a gap that was reported: what came before it is not known.
    if (this.#last === undefined || this.#last !== previous) {
      this.finish();
      this.#before = previous;
    }
    this.#last = id;
    this.#sealedAtOpening = epoch.sealed_at_opening_epoch_id;
    for (const [name, settling] of this.#settlings) {
      if (settling.epochId > (this.#sealedAtOpening ?? -1)) continue;
      this.#settlings.delete(name);
      if (!settling.hasRejection) this.#reportMissing(settling.revoked);
    }
  }

  takeReceipt(receipt: ReceiptLine, line: number): void {
    const { outcome, receipt_id: receiptId, settled_at } = receipt;
    if (this.#last === undefined || (outcome !== 'rejected' && outcome !== 'revoked')) return;
    const name = `${receipt.receipt.public_key_hex} ${settled_at}`;
    const fresh = { epochId: this.#last, hasRejection: false, revoked: [] };
    const settling: Settling = this.#settlings.get(name) ?? fresh;
    this.#settlings.set(name, settling);
    if (outcome === 'rejected') {
      settling.hasRejection = true;
      settling.revoked.length = 0;
      return;
    }
    if (settling.hasRejection) return;
    const maybeEarlier = this.#before !== undefined && (this.#sealedAtOpening ?? -1) < this.#before;
    settling.revoked.push({ line, receiptId, epochId: this.#last, maybeEarlier });
  }

  /** @returns revoked receipts near an end of the archives whose rejection may lie beyond it. */
  finish(): number {
    for (const { hasRejection, revoked } of this.#settlings.values()) {
      if (!hasRejection) this.#unexplainedCount += revoked.length;
    }
    this.#settlings.clear();
    return this.#unexplainedCount;
  }

  #reportMissing(revoked: readonly Revoked[]): void {
    for (const { maybeEarlier, ...place } of revoked) {
      if (maybeEarlier) {
        this.#unexplainedCount++;
        continue;
      }
      this.#report({
        code: 'rejection_missing',
        ...place,
        field: 'outcome',
        detail: 'expected a rejected receipt of this key with the same settled_at, got none',
      });
    }
  }
}
