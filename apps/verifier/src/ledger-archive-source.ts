import type { ArchiveSource, CreditFields, PublishedEpoch, ReceiptFields } from '@tops/audit';
import type { LedgerStore } from '@tops/ledger';
import { creditMessage, epochMessage, receiptMessage } from './archive-messages.ts';

/** Small enough that reading a page holds nobody up. */
const PAGE_ROWS = 250;

/** What an archive is made of, from the verifier's own ledger. */
export class LedgerArchiveSource implements ArchiveSource {
  readonly #ledger: LedgerStore;

  constructor(deps: { readonly ledger: LedgerStore }) {
    this.#ledger = deps.ledger;
  }

  async epoch(epochId: number): Promise<PublishedEpoch | undefined> {
    const epoch = await this.#ledger.getEpoch(epochId);
    return epoch && epochMessage(epoch);
  }

  async *epochsFrom(fromId: number): AsyncGenerator<PublishedEpoch> {
    for (let next: number | undefined = fromId; next !== undefined;) {
      const page = await this.#ledger.archive.epochsFrom({ fromId: next, limit: PAGE_ROWS });
      for (const epoch of page) yield epochMessage(epoch);
      const last = page.at(-1);
      next = page.length < PAGE_ROWS || last === undefined ? undefined : last.epochId + 1;
    }
  }

  async *receipts(epochId: number): AsyncGenerator<ReceiptFields> {
    let afterReceiptId: string | undefined;
    for (;;) {
      const records = await this.#ledger.archive.epochReceipts(epochId, {
        limit: PAGE_ROWS,
        ...(afterReceiptId === undefined ? {} : { afterReceiptId }),
      });
      for (const record of records) {
        const isRejected = record.outcome === 'rejected';
        const proof = isRejected ? await this.#ledger.getEvidence(record.receiptId) : undefined;
        yield receiptMessage(record, proof);
      }
      if (records.length < PAGE_ROWS) return;
      afterReceiptId = records.at(-1)?.receiptId;
    }
  }

  async *credits(epochId: number): AsyncGenerator<CreditFields> {
    let after: string | undefined;
    for (;;) {
      const page = { limit: PAGE_ROWS, ...(after === undefined ? {} : { after }) };
      const rows = await this.#ledger.epochCredits(epochId, page);
      for (const row of rows) yield creditMessage(row);
      if (rows.length < PAGE_ROWS) return;
      after = rows.at(-1)?.publicKeyHex;
    }
  }
}
