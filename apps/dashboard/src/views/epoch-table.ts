import type { Epoch } from '../api-model.ts';
import { formatCount, formatTime, NO_VALUE, shortHex } from '../format.ts';
import { hrefOf } from '../routes.ts';
import { h, type VirtualElement } from '../virtual-node.ts';
import { badge, copyable, dataTable } from './parts.ts';

export function epochTable(epochs: readonly Epoch[], nowMs: number): VirtualElement {
  return dataTable({
    label: 'Epochs',
    columns: [
      { name: 'Epoch' },
      { name: 'State' },
      { name: 'Opened' },
      { name: 'Entries', numeric: true },
      { name: 'Ledger head' },
      { name: 'Credits' },
    ],
    rows: epochs.map((epoch) => ({
      key: String(epoch.epochId),
      cells: [
        h('a', { href: hrefOf({ view: 'epoch', epochId: epoch.epochId }) }, String(epoch.epochId)),
        badge(epochState(epoch, nowMs)),
        formatTime(epoch.opensAtMs),
        formatCount(epoch.entryCount),
        copyable({ text: epoch.headHex, shown: shortHex(epoch.headHex), what: 'ledger head' }),
        epoch.sealed ? creditLinks(epoch.epochId) : NO_VALUE,
      ],
    })),
  });
}

/** `sealing` is the pause after closing in which the last answers are still taken. */
export function epochState(epoch: Epoch, nowMs: number): 'sealed' | 'sealing' | 'open' {
  if (epoch.sealed) return 'sealed';
  return nowMs >= epoch.closesAtMs ? 'sealing' : 'open';
}

export function creditLinks(epochId: number): VirtualElement {
  return h(
    'span',
    { class: 'links' },
    h('a', { href: `/v1/epochs/${epochId}/credits.csv`, download: true }, 'CSV'),
    ' ',
    h('a', { href: `/v1/epochs/${epochId}/credits.json` }, 'JSON'),
  );
}
