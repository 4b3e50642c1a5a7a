import { isOnline } from '../fleet-summary.ts';
import {
  formatAge,
  formatCount,
  formatDecimal,
  formatOps,
  formatTime,
  formatTops,
  NO_VALUE,
} from '../format.ts';
import type { PageState } from '../page-state.ts';
import { h, type Child } from '../virtual-node.ts';
import { badge, copyButton, empty, fieldList, loading, section, statCard } from './parts.ts';

export function workerView(state: PageState, did: string): Child {
  const { detail } = state;
  const heading = h(
    'p',
    { class: 'identifier' },
    h('code', {}, did),
    copyButton({ text: did, what: 'did' }),
  );
  if (detail.kind === 'missing') {
    return section('Worker', heading, empty('The verifier knows no worker with this did.'));
  }
  if (detail.kind !== 'worker') return section('Worker', heading, loading('the worker'));
  const { worker } = detail;
  return [
    section(
      'Worker',
      heading,
      fieldList([
        ['State', badge(worker.state)],
        ['Label (chosen by the worker)', worker.label === '' ? NO_VALUE : worker.label],
        [
          'Last seen',
          `${formatAge(state.serverNowMs - worker.lastSeenAtMs)}, ${formatTime(worker.lastSeenAtMs)}`,
        ],
        ['Online', isOnline(worker, state.serverNowMs) ? 'yes' : 'no'],
      ]),
    ),
    h(
      'div',
      { class: 'stats', key: 'stats' },
      statCard({
        label: 'Verified',
        value: formatTops(worker.verifiedTops),
        note: 'over the last sealed epochs',
      }),
      statCard({
        label: 'Credited',
        value: formatOps(worker.creditedOps),
        note: `${formatDecimal(worker.creditedOps)} ops`,
      }),
      statCard({
        label: 'Receipts accepted',
        value: formatCount(worker.accepted),
        note: `${formatCount(worker.rejected)} rejected, ${formatCount(worker.missed)} missed`,
      }),
      statCard({
        label: 'Audit rows',
        value: formatCount(worker.auditRows),
        note: 'recomputed of each receipt; a good record lowers it',
      }),
    ),
  ];
}
