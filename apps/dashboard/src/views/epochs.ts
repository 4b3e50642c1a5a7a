import type { PageState } from '../page-state.ts';
import { hrefOf } from '../routes.ts';
import { h, type Child } from '../virtual-node.ts';
import { epochTable } from './epoch-table.ts';
import { empty, loading, section } from './parts.ts';

export function epochsView(state: PageState, before: number | undefined): Child {
  const page = state.epochPage;
  if (page === undefined) return section('Epochs', loading('epochs'));
  return section(
    'Epochs',
    page.epochs.length === 0
      ? empty(before === undefined ? 'No epoch yet.' : 'No older epoch.')
      : epochTable(page.epochs, state.serverNowMs),
    h(
      'p',
      { class: 'links' },
      before !== undefined && h('a', { href: hrefOf({ view: 'epochs' }) }, 'Newest'),
      ' ',
      Number.isFinite(page.nextBefore) &&
        h('a', { href: hrefOf({ view: 'epochs', before: page.nextBefore }) }, 'Older'),
    ),
  );
}
