import type { EpochNow } from '../api-model.ts';
import { sortWorkers, summariseFleet } from '../fleet-summary.ts';
import {
  formatCount,
  formatCountdown,
  formatDecimal,
  formatOps,
  formatTops,
  NO_VALUE,
} from '../format.ts';
import type { PageState } from '../page-state.ts';
import { hrefOf } from '../routes.ts';
import { h, type Child, type VirtualElement } from '../virtual-node.ts';
import { epochTable } from './epoch-table.ts';
import { empty, loading, section, statCard } from './parts.ts';
import { workerTable } from './worker-table.ts';

const LISTED = 8;

export function overview(state: PageState): Child {
  const { workerList, epochPage } = state;
  return [
    h('div', { class: 'stats', key: 'stats' }, epochCard(state), fleetCards(state)),
    section(
      'Fastest workers',
      workerList === undefined && loading('workers'),
      workerList?.workers.length === 0 && noWorkers(),
      workerList !== undefined &&
        workerList.workers.length > 0 && [
          workerTable(
            sortWorkers(workerList.workers, { column: 'verified_tops', descending: true }).slice(
              0,
              LISTED,
            ),
            state.serverNowMs,
            undefined,
          ),
          h('p', {}, h('a', { href: hrefOf({ view: 'workers' }) }, 'All workers')),
        ],
    ),
    section(
      'Latest epochs',
      epochPage === undefined && loading('epochs'),
      epochPage?.epochs.length === 0 && empty('No epoch yet.'),
      epochPage !== undefined &&
        epochPage.epochs.length > 0 && [
          epochTable(epochPage.epochs.slice(0, LISTED), state.serverNowMs),
          h('p', {}, h('a', { href: hrefOf({ view: 'epochs' }) }, 'All epochs')),
        ],
    ),
  ];
}

export function noWorkers(): VirtualElement {
  return empty(
    'No worker has been seen yet. Start one with ',
    h('code', {}, 'npx nx serve worker'),
    '.',
  );
}

function epochCard(state: PageState): VirtualElement {
  const epoch = state.epochNow;
  return statCard({
    label: 'Epoch',
    value: epoch === undefined ? NO_VALUE : String(epoch.epochId),
    extra: epoch !== undefined && epochProgress(epoch, state.serverNowMs),
    note:
      epoch === undefined
        ? 'waiting for the verifier'
        : `closes in ${formatCountdown(epoch.closesAtMs - state.serverNowMs)}`,
  });
}

function epochProgress(epoch: EpochNow, nowMs: number): Child {
  const lengthMs = epoch.closesAtMs - epoch.opensAtMs;
  if (!(lengthMs > 0)) return undefined;
  const passed = Math.min(Math.max(nowMs - epoch.opensAtMs, 0), lengthMs);
  return h('progress', {
    max: 100,
    value: Math.round((passed / lengthMs) * 100),
    'aria-label': 'Part of the epoch that has passed',
  });
}

function fleetCards(state: PageState): Child {
  const list = state.workerList;
  if (list === undefined) {
    return ['Verified', 'Workers online', 'Receipts'].map((label) =>
      statCard({ label, value: NO_VALUE, note: 'waiting for the verifier' }),
    );
  }
  const fleet = summariseFleet(list.workers, state.serverNowMs);
  const quarantined = fleet.quarantinedCount === 0 ? '' : `, ${fleet.quarantinedCount} quarantined`;
  const probation = fleet.probationCount === 0 ? '' : `, ${fleet.probationCount} on probation`;
  const partial = list.complete ? '' : ' (first 1,000 workers)';
  return [
    statCard({
      label: 'Verified',
      value: formatTops(fleet.verifiedTops),
      note: h(
        'span',
        { title: `${formatDecimal(fleet.creditedOps)} ops` },
        `${formatOps(fleet.creditedOps)} credited in all${partial}`,
      ),
    }),
    statCard({
      label: 'Workers online',
      value: formatCount(fleet.onlineCount),
      note: `of ${formatCount(fleet.workerCount)} known${quarantined}${probation}${partial}`,
    }),
    statCard({
      label: 'Receipts accepted',
      value: formatCount(fleet.accepted),
      note: [
        h(
          'span',
          { class: fleet.rejected > 0 ? 'count bad' : 'count' },
          formatCount(fleet.rejected),
        ),
        ' rejected, ',
        h('span', { class: fleet.missed > 0 ? 'count warn' : 'count' }, formatCount(fleet.missed)),
        ' missed',
      ],
    }),
  ];
}
