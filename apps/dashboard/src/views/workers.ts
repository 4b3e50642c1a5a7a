import { filterWorkers, sortWorkers } from '../fleet-summary.ts';
import { formatCount } from '../format.ts';
import type { PageState } from '../page-state.ts';
import { h, type Child } from '../virtual-node.ts';
import { noWorkers } from './overview.ts';
import { empty, loading, section } from './parts.ts';
import { workerTable } from './worker-table.ts';

/** Rows laid out at once: a browser stays quick, and nobody reads more. */
const ROWS_MAX = 250;

export function workersView(state: PageState): Child {
  const list = state.workerList;
  if (list === undefined) return section('Workers', loading('workers'));
  if (list.workers.length === 0) return section('Workers', noWorkers());
  const found = filterWorkers(list.workers, state.filter);
  const shown = sortWorkers(found, state.order).slice(0, ROWS_MAX);
  return section(
    'Workers',
    h(
      'p',
      { class: 'toolbar' },
      h('label', { for: 'worker-filter' }, 'Filter'),
      h('input', {
        id: 'worker-filter',
        type: 'search',
        'data-action': 'filter',
        placeholder: 'did or label',
        autocomplete: 'off',
        spellcheck: 'false',
      }),
      h(
        'span',
        { class: 'note', role: 'status' },
        `${formatCount(shown.length)} of ${formatCount(list.workers.length)}${list.complete ? '' : ' (the first of more)'}`,
      ),
    ),
    found.length === 0
      ? empty('No worker matches.')
      : workerTable(shown, state.serverNowMs, state.order),
  );
}
