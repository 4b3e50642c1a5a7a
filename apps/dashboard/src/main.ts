import { ApiClient, HttpError } from './api-client.ts';
import { workerColumns, type WorkerColumn } from './fleet-summary.ts';
import type { Connection, Detail, PageState } from './page-state.ts';
import { patchChildren } from './patch.ts';
import { Poller, type PollOutcome } from './poller.ts';
import { hrefOf, parseRoute, routeOfSearch } from './routes.ts';
import { shell, titleOf } from './views/shell.ts';

const NOTICE_MS = 4000;
/** An epoch with more entries is left to its export: the page would fetch megabytes to show a few. */
const LISTED_ENTRIES_MAX = 10_000;

const root = document.createElement('div');
root.id = 'app';
document.body.replaceChildren(root);

const client = new ApiClient({ fetch: window.fetch.bind(window) });
let lastLiveAtMs = NaN;
let noticeTimer: ReturnType<typeof setTimeout> | undefined;

let state: PageState = {
  route: parseRoute(location.hash),
  connection: { kind: 'connecting' },
  browserNowMs: Date.now(),
  serverNowMs: Date.now(),
  epochNow: undefined,
  workerList: undefined,
  epochPage: undefined,
  detail: { kind: 'loading' },
  order: { column: 'verified_tops', descending: true },
  filter: '',
  notice: '',
};

function setState(change: Partial<PageState>): void {
  const browserNowMs = Date.now();
  const serverNowMs = browserNowMs + client.clockOffsetMs;
  state = { ...state, ...change, browserNowMs, serverNowMs };
  const focused = document.activeElement;
  patchChildren(root, shell(state));
  // A row that moved with its neighbours keeps its place under the keyboard.
  if (focused instanceof HTMLElement && focused.isConnected && focused !== document.activeElement) {
    focused.focus({ preventScroll: true });
  }
  document.title = `${titleOf(state.route)} · tops verifier`;
}

const poller = new Poller(poll, onOutcome);

/** What the current view needs; an answer for a view that was left is dropped with its signal. */
async function poll(signal: AbortSignal): Promise<void> {
  const { route } = state;
  const needsWorkers = route.view === 'overview' || route.view === 'workers';
  const needsEpochs = route.view === 'overview' || route.view === 'epochs';
  const before = route.view === 'epochs' ? route.before : undefined;
  const [epochNow, workerList, epochPage, detail] = await Promise.all([
    client.epochNow(signal),
    needsWorkers ? client.workers(signal) : undefined,
    needsEpochs ? client.epochs(before, signal) : undefined,
    loadDetail(signal),
  ]);
  signal.throwIfAborted();
  setState({
    epochNow,
    ...(workerList === undefined ? {} : { workerList }),
    ...(epochPage === undefined ? {} : { epochPage }),
    detail,
  });
}

async function loadDetail(signal: AbortSignal): Promise<Detail> {
  const { route } = state;
  try {
    if (route.view === 'worker') {
      return { kind: 'worker', worker: await client.worker(route.did, signal) };
    }
    if (route.view === 'epoch') {
      return await loadEpoch(route.epochId, signal);
    }
    if (route.view === 'receipt') {
      return { kind: 'receipt', evidence: await client.receipt(route.receiptId, signal) };
    }
  } catch (error) {
    const unknown = error instanceof HttpError && (error.status === 404 || error.status === 400);
    if (unknown) return { kind: 'missing' };
    throw error;
  }
  return { kind: 'loading' };
}

/** Sealed means final: the export is fetched once, and the summary is not asked for again. */
async function loadEpoch(epochId: number, signal: AbortSignal): Promise<Detail> {
  const { detail } = state;
  if (detail.kind === 'epoch' && detail.epoch.epochId === epochId && detail.epoch.sealed) {
    return detail;
  }
  const epoch = await client.epoch(epochId, signal);
  const listable = epoch.sealed && epoch.entryCount <= LISTED_ENTRIES_MAX;
  const credits = listable ? await client.epochCredits(epochId, signal) : undefined;
  return { kind: 'epoch', epoch, credits };
}

function onOutcome(outcome: PollOutcome): void {
  if (outcome.error === undefined) {
    lastLiveAtMs = Date.now();
    setState({ connection: { kind: 'live' } });
    return;
  }
  const answered = outcome.error instanceof HttpError;
  const connection: Connection = {
    kind: answered ? 'failing' : 'unreachable',
    reason: outcome.error instanceof Error ? outcome.error.message : 'unknown reason',
    lastLiveAtMs,
    nextAtMs: outcome.nextAtMs,
  };
  setState({ connection });
}

function notify(notice: string): void {
  clearTimeout(noticeTimer);
  setState({ notice });
  noticeTimer = setTimeout(() => {
    setState({ notice: '' });
  }, NOTICE_MS);
}

async function copy(text: string): Promise<void> {
  try {
    // Absent on plain http from another machine: browsers offer it in secure contexts only.
    await navigator.clipboard.writeText(text);
    notify('Copied');
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand('copy');
    field.remove();
    notify(copied ? 'Copied' : 'The browser does not allow copying');
  }
}

function isWorkerColumn(name: string): name is WorkerColumn {
  return (workerColumns as readonly string[]).includes(name);
}

root.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target.closest('[data-action]') : null;
  if (!(target instanceof HTMLElement)) return;
  const { action, text, column } = target.dataset;
  if (action === 'copy' && text !== undefined) {
    void copy(text).then(() => {
      target.focus();
    });
  }
  if (action === 'retry') poller.restart();
  if (action === 'sort' && column !== undefined && isWorkerColumn(column)) {
    const again = state.order.column === column;
    const descending = again ? !state.order.descending : column !== 'label' && column !== 'state';
    setState({ order: { column, descending } });
  }
});

root.addEventListener('input', (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement && field.dataset['action'] === 'filter') {
    setState({ filter: field.value });
  }
});

root.addEventListener('submit', (event) => {
  event.preventDefault();
  const field = document.getElementById('search');
  if (!(field instanceof HTMLInputElement)) return;
  const route = routeOfSearch(field.value);
  if (route.view === 'unknown') {
    notify('Expected a did:key, a receipt id (64 hex digits) or an epoch number');
    return;
  }
  field.value = '';
  location.hash = hrefOf(route);
});

window.addEventListener('hashchange', () => {
  const route = parseRoute(location.hash);
  const pageChanged = route.view === 'epochs' || route.view !== state.route.view;
  setState({
    route,
    detail: { kind: 'loading' },
    filter: '',
    ...(pageChanged ? { epochPage: undefined } : {}),
  });
  window.scrollTo(0, 0);
  document.getElementById('main')?.focus({ preventScroll: true });
  poller.restart();
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) poller.stop();
  else poller.restart();
});

setInterval(() => {
  if (!document.hidden) setState({});
}, 1000);

setState({});
poller.restart();
