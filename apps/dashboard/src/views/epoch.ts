import type { Epoch, EpochCredits, KeyCredit, LedgerEntry } from '../api-model.ts';
import { formatCount, formatDecimal, formatOps, formatTime, shortHex } from '../format.ts';
import type { PageState } from '../page-state.ts';
import { hrefOf } from '../routes.ts';
import { h, type Child, type VirtualElement } from '../virtual-node.ts';
import { creditLinks, epochState } from './epoch-table.ts';
import {
  badge,
  copyButton,
  dataTable,
  empty,
  fieldList,
  hexField,
  loading,
  section,
  workerLink,
} from './parts.ts';

const ROWS_MAX = 250;

export function epochView(state: PageState, epochId: number): Child {
  const { detail } = state;
  const title = `Epoch ${epochId}`;
  if (detail.kind === 'missing')
    return section(title, empty('The verifier never opened this epoch.'));
  if (detail.kind !== 'epoch') return section(title, loading('the epoch'));
  const { epoch, credits } = detail;
  return [
    section(
      title,
      fieldList([
        ['State', badge(epochState(epoch, state.serverNowMs))],
        ['Open', `${formatTime(epoch.opensAtMs)} to ${formatTime(epoch.closesAtMs)}`],
        ['Beacon (prev_hash)', hexField(epoch.prevHashHex, 'beacon')],
        ['Entropy', hexField(epoch.entropyHex, 'entropy')],
        ['Entries', formatCount(epoch.entryCount)],
        ['Ledger root', hexField(epoch.ledgerRootHex, 'ledger root')],
        ['Ledger head', hexField(epoch.headHex, 'ledger head')],
        ['Credits', epoch.sealed ? creditLinks(epoch.epochId) : 'once the epoch is sealed'],
      ]),
    ),
    section('Ledger entries', entries(epoch, credits)),
    credits !== undefined &&
      credits.credits.length > 0 &&
      section('Credits', creditTable(credits.credits)),
  ];
}

function entries(epoch: Epoch, credits: EpochCredits | undefined): Child {
  if (!epoch.sealed) return empty('Entries are listed once the epoch is sealed.');
  if (credits === undefined) {
    return empty('Too many to list here: see the export. ', creditLinks(epoch.epochId));
  }
  if (credits.entries.length === 0) return empty('No receipt was taken in this epoch.');
  const shown = credits.entries.slice(0, ROWS_MAX);
  return [
    entryTable(shown),
    credits.entries.length > shown.length &&
      h(
        'p',
        { class: 'note' },
        `The first ${ROWS_MAX} of ${formatCount(credits.entries.length)}; all are in the export.`,
      ),
  ];
}

function creditTable(credits: readonly KeyCredit[]): VirtualElement {
  return dataTable({
    label: 'Credits',
    columns: [
      { name: 'Worker' },
      { name: 'Credited', numeric: true },
      { name: 'Accepted', numeric: true },
      { name: 'Rejected', numeric: true },
      { name: 'Missed', numeric: true },
      { name: 'Revoked', numeric: true },
    ],
    rows: credits.slice(0, ROWS_MAX).map((credit) => ({
      key: credit.did,
      cells: [
        workerLink(credit.did),
        h(
          'span',
          { title: `${formatDecimal(credit.creditedOps)} ops` },
          formatOps(credit.creditedOps),
        ),
        formatCount(credit.accepted),
        formatCount(credit.rejected),
        formatCount(credit.missed),
        formatCount(credit.revoked),
      ],
    })),
  });
}

function entryTable(shown: readonly LedgerEntry[]): VirtualElement {
  return dataTable({
    label: 'Ledger entries',
    columns: [
      { name: 'Receipt' },
      { name: 'Outcome' },
      { name: 'Rows', numeric: true },
      { name: 'Credited', numeric: true },
    ],
    rows: shown.map((entry, index) => ({
      key: `${index} ${entry.receiptId}`,
      cells: [
        h(
          'span',
          { class: 'copyable' },
          h(
            'a',
            {
              href: hrefOf({ view: 'receipt', receiptId: entry.receiptId }),
              title: entry.receiptId,
            },
            h('code', {}, shortHex(entry.receiptId)),
          ),
          copyButton({ text: entry.receiptId, what: 'receipt id' }),
        ),
        badge(entry.outcome),
        formatCount(entry.rowCount),
        h(
          'span',
          { title: `${formatDecimal(entry.creditedOps)} ops` },
          formatOps(entry.creditedOps),
        ),
      ],
    })),
  });
}
