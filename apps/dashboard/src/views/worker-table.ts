import type { Worker } from '../api-model.ts';
import { isOnline, type WorkerOrder, type WorkerColumn } from '../fleet-summary.ts';
import {
  formatAge,
  formatCount,
  formatDecimal,
  formatOps,
  formatTops,
  NO_VALUE,
} from '../format.ts';
import { h, type VirtualElement } from '../virtual-node.ts';
import { badge, dataTable, workerLink, type Column, type Row } from './parts.ts';

const columns: readonly { name: string; by: WorkerColumn | undefined; numeric: boolean }[] = [
  { name: 'Worker', by: undefined, numeric: false },
  { name: 'Label', by: 'label', numeric: false },
  { name: 'State', by: 'state', numeric: false },
  { name: 'Verified', by: 'verified_tops', numeric: true },
  { name: 'Credited', by: 'credited_ops', numeric: true },
  { name: 'Accepted', by: 'accepted', numeric: true },
  { name: 'Rejected', by: 'rejected', numeric: true },
  { name: 'Missed', by: 'missed', numeric: true },
  { name: 'Audit rows', by: 'audit_rows', numeric: true },
  { name: 'Last seen', by: 'last_seen_at', numeric: true },
];

/** @param order - undefined for a table that does not sort */
export function workerTable(
  workers: readonly Worker[],
  nowMs: number,
  order: WorkerOrder | undefined,
): VirtualElement {
  return dataTable({
    label: 'Workers',
    columns: columns.map(({ name, by, numeric }): Column => {
      if (order === undefined || by === undefined) return { name, numeric };
      if (order.column !== by) return { name, numeric, sortBy: by };
      return { name, numeric, sortBy: by, sorted: order.descending ? 'descending' : 'ascending' };
    }),
    rows: workers.map((worker): Row => ({ key: worker.did, cells: cellsOf(worker, nowMs) })),
  });
}

function cellsOf(worker: Worker, nowMs: number): Row['cells'] {
  const online = isOnline(worker, nowMs);
  return [
    workerLink(worker.did),
    worker.label === ''
      ? NO_VALUE
      : h('span', { class: 'label', title: worker.label }, worker.label),
    badge(worker.state),
    formatTops(worker.verifiedTops),
    h('span', { title: `${formatDecimal(worker.creditedOps)} ops` }, formatOps(worker.creditedOps)),
    formatCount(worker.accepted),
    countOf(worker.rejected, 'bad'),
    countOf(worker.missed, 'warn'),
    formatCount(worker.auditRows),
    h('span', { class: online ? 'online' : 'offline' }, formatAge(nowMs - worker.lastSeenAtMs)),
  ];
}

/** Colours a count that should be zero when it is not. */
function countOf(count: number, tone: 'bad' | 'warn'): VirtualElement {
  return h('span', { class: count > 0 ? `count ${tone}` : 'count' }, formatCount(count));
}
