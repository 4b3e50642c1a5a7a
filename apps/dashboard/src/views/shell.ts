import { formatAge, formatCountdown, shortHex } from '../format.ts';
import type { Connection, PageState } from '../page-state.ts';
import { hrefOf, type Route } from '../routes.ts';
import { h, type Child, type VirtualElement } from '../virtual-node.ts';
import { epochView } from './epoch.ts';
import { epochsView } from './epochs.ts';
import { overview } from './overview.ts';
import { copyable, empty, section } from './parts.ts';
import { receiptView } from './receipt.ts';
import { workerView } from './worker.ts';
import { workersView } from './workers.ts';

const TABS: readonly { name: string; route: Route; views: readonly Route['view'][] }[] = [
  { name: 'Overview', route: { view: 'overview' }, views: ['overview'] },
  { name: 'Workers', route: { view: 'workers' }, views: ['workers', 'worker'] },
  { name: 'Epochs', route: { view: 'epochs' }, views: ['epochs', 'epoch', 'receipt'] },
];

/** The whole page. */
export function shell(state: PageState): readonly VirtualElement[] {
  return [
    header(state),
    banner(state),
    h(
      'main',
      { id: 'main', tabindex: -1 },
      h('h1', { class: 'hidden' }, titleOf(state.route)),
      view(state),
    ),
    footer(state),
  ];
}

/** Document title of a route, without anything a worker chose. */
export function titleOf(route: Route): string {
  switch (route.view) {
    case 'overview':
      return 'Fleet overview';
    case 'workers':
      return 'Workers';
    case 'worker':
      return 'Worker';
    case 'epochs':
      return 'Epochs';
    case 'epoch':
      return `Epoch ${route.epochId}`;
    case 'receipt':
      return 'Receipt';
    case 'unknown':
      return 'Not found';
  }
}

function view(state: PageState): Child {
  const { route } = state;
  switch (route.view) {
    case 'overview':
      return overview(state);
    case 'workers':
      return workersView(state);
    case 'worker':
      return workerView(state, route.did);
    case 'epochs':
      return epochsView(state, route.before);
    case 'epoch':
      return epochView(state, route.epochId);
    case 'receipt':
      return receiptView(state, route.receiptId);
    case 'unknown':
      return section(
        'Not found',
        empty('There is no such page. ', h('a', { href: '#/' }, 'Overview')),
      );
  }
}

function header(state: PageState): VirtualElement {
  return h(
    'header',
    { class: 'top' },
    h('a', { class: 'brand', href: '#/' }, 'tops', h('span', {}, 'verifier')),
    h(
      'nav',
      { 'aria-label': 'Views' },
      TABS.map((tab) =>
        h(
          'a',
          {
            href: hrefOf(tab.route),
            'aria-current': tab.views.includes(state.route.view) ? 'page' : undefined,
          },
          tab.name,
        ),
      ),
    ),
    h(
      'form',
      { class: 'search', role: 'search', 'data-action': 'search' },
      h('label', { class: 'hidden', for: 'search' }, 'Find a did, receipt id or epoch'),
      h('input', {
        id: 'search',
        name: 'search',
        type: 'search',
        placeholder: 'did, receipt id or epoch',
        autocomplete: 'off',
        spellcheck: 'false',
      }),
      h('button', { type: 'submit' }, 'Open'),
    ),
    h(
      'p',
      { class: `connection ${state.connection.kind}` },
      CONNECTION_WORDS[state.connection.kind],
    ),
    h('p', { class: 'notice', role: 'status', 'aria-live': 'polite' }, state.notice),
  );
}

const CONNECTION_WORDS: Record<Connection['kind'], string> = {
  connecting: 'connecting',
  live: 'live',
  unreachable: 'unreachable',
  failing: 'error',
};

function banner(state: PageState): VirtualElement {
  const { connection } = state;
  if (connection.kind === 'connecting' || connection.kind === 'live') {
    return h('div', { class: 'banner none', role: 'alert' });
  }
  const heading =
    connection.kind === 'unreachable'
      ? 'Verifier unreachable'
      : 'The verifier answers with an error';
  const age = Number.isFinite(connection.lastLiveAtMs)
    ? `Figures are from ${formatAge(state.browserNowMs - connection.lastLiveAtMs)}.`
    : 'Nothing has been loaded yet.';
  return h(
    'div',
    { class: 'banner' },
    h('p', {}, h('strong', { role: 'alert' }, heading), ` (${connection.reason}). ${age}`),
    h(
      'button',
      { type: 'button', 'data-action': 'retry' },
      `Retry (${formatCountdown(connection.nextAtMs - state.browserNowMs)})`,
    ),
  );
}

function footer(state: PageState): VirtualElement {
  const epoch = state.epochNow;
  return h(
    'footer',
    {},
    h(
      'p',
      {},
      'Verifier key ',
      epoch === undefined
        ? '—'
        : copyable({
            text: epoch.verifierKeyHex,
            shown: shortHex(epoch.verifierKeyHex),
            what: 'verifier key',
          }),
    ),
    h('p', {}, `Kernel ${epoch?.kernelVersion || '—'}`),
    h('p', {}, h('a', { href: '/openapi.json' }, 'API')),
  );
}
