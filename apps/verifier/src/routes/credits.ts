import type { CreditRow, EpochRecord, LedgerEntry, LedgerStore } from '@tops/ledger';
import { creditMessage } from '../archive-messages.ts';

/** About 100 KiB of entries: what a reader who does not read on makes this process hold. */
const PAGE_ROWS = 250;

type CreditsLedger = Pick<LedgerStore, 'epochCredits' | 'epochEntries'>;

const columns = [
  'did',
  'public_key_hex',
  'credited_ops',
  'accepted',
  'rejected',
  'missed',
  'revoked',
] as const;

/**
 * RFC 4180 with a header line, one line a key, page by page. Every cell is made here (a did, hex, digits), never a
 * worker's own words such as its label: nothing in it can be read as a formula by a spreadsheet.
 */
export async function* creditsCsv(epochId: number, ledger: CreditsLedger): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`;
  for await (const rows of creditPages(epochId, ledger)) {
    yield rows
      .map(creditMessage)
      .map((credit) => `${columns.map((column) => credit[column]).join(',')}\r\n`)
      .join('');
  }
}

/**
 * `{ …epoch, credits: [one a key], entries: [in commit order] }`, page by page. Entries are shown of a sealed epoch only:
 * before that they may change, and the ids of receipts whose answer is outstanding are their workers' business.
 */
export async function* creditsJson(
  epoch: EpochRecord,
  summary: object,
  ledger: CreditsLedger,
): AsyncGenerator<string> {
  yield `${JSON.stringify(summary).slice(0, -1)},"credits":[`;
  yield* joined(creditPages(epoch.epochId, ledger), (row: CreditRow) =>
    JSON.stringify(creditMessage(row)),
  );
  yield '],"entries":[';
  if (epoch.sealed !== undefined) {
    yield* joined(entryPages(epoch.epochId, ledger), (entry: LedgerEntry) => JSON.stringify(entry));
  }
  yield ']}';
}

async function* joined<T>(
  pages: AsyncIterable<readonly T[]>,
  print: (item: T) => string,
): AsyncGenerator<string> {
  let separator = '';
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield separator + page.map(print).join(',');
    separator = ',';
  }
}

async function* creditPages(epochId: number, ledger: CreditsLedger): AsyncGenerator<CreditRow[]> {
  let after: string | undefined;
  for (;;) {
    const page = { limit: PAGE_ROWS, ...(after === undefined ? {} : { after }) };
    const rows = await ledger.epochCredits(epochId, page);
    yield rows;
    if (rows.length < PAGE_ROWS) return;
    after = rows.at(-1)?.publicKeyHex;
  }
}

async function* entryPages(epochId: number, ledger: CreditsLedger): AsyncGenerator<LedgerEntry[]> {
  let afterReceiptId: string | undefined;
  for (;;) {
    const page = { limit: PAGE_ROWS, ...(afterReceiptId === undefined ? {} : { afterReceiptId }) };
    const entries = await ledger.epochEntries(epochId, page);
    yield entries;
    if (entries.length < PAGE_ROWS) return;
    afterReceiptId = entries.at(-1)?.receipt_id;
  }
}
