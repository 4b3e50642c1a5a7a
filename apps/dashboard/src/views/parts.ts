import { NO_VALUE, shortDid, shorten } from '../format.ts';
import { hrefOf } from '../routes.ts';
import { h, type Child, type VirtualElement } from '../virtual-node.ts';

/** The only words that get a colour; any other is shown as it came, in grey. */
const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn' | 'quiet'>> = {
  accepted: 'good',
  active: 'good',
  trusted: 'good',
  online: 'good',
  sealed: 'good',
  open: 'warn',
  sealing: 'warn',
  new: 'warn',
  probation: 'warn',
  missed: 'warn',
  revoked: 'bad',
  rejected: 'bad',
  quarantined: 'bad',
};

export function badge(word: string): VirtualElement {
  const tone = Object.hasOwn(TONES, word) ? TONES[word] : 'quiet';
  return h('span', { class: `badge ${tone ?? 'quiet'}` }, word === '' ? NO_VALUE : word);
}

/** A shortened identifier with the whole of it to copy. */
export function copyable(options: { text: string; shown: string; what: string }): Child {
  if (options.text === '') return NO_VALUE;
  return h(
    'span',
    { class: 'copyable' },
    h('code', { title: options.text }, options.shown),
    copyButton(options),
  );
}

export function copyButton(options: { text: string; what: string }): VirtualElement {
  return h(
    'button',
    {
      type: 'button',
      class: 'copy',
      'data-action': 'copy',
      'data-text': options.text,
      'aria-label': `Copy ${options.what}`,
      title: `Copy ${options.what}`,
    },
    'copy',
  );
}

export function hexField(hex: string, what: string): Child {
  return copyable({ text: hex, shown: shorten(hex, { head: 16, tail: 8 }), what });
}

export function workerLink(did: string): Child {
  return h(
    'span',
    { class: 'copyable' },
    h('a', { href: hrefOf({ view: 'worker', did }), title: did }, h('code', {}, shortDid(did))),
    copyButton({ text: did, what: 'did' }),
  );
}

export function statCard(options: {
  label: string;
  value: Child;
  note?: Child;
  extra?: Child;
}): VirtualElement {
  return h(
    'div',
    { class: 'card stat' },
    h('h3', {}, options.label),
    h('p', { class: 'value' }, options.value),
    options.extra,
    options.note !== undefined && h('p', { class: 'note' }, options.note),
  );
}

/** Term and value, one row each. */
export function fieldList(
  fields: readonly (readonly [term: string, value: Child])[],
): VirtualElement {
  return h(
    'dl',
    { class: 'fields' },
    fields.map(([term, value]) => h('div', { key: term }, h('dt', {}, term), h('dd', {}, value))),
  );
}

export interface Column {
  readonly name: string;
  readonly numeric?: boolean;
  /** Sorts by this when pressed. */
  readonly sortBy?: string;
  readonly sorted?: 'ascending' | 'descending';
}

export interface Row {
  readonly key: string;
  readonly cells: readonly Child[];
}

/** Roles are spelled out because narrow screens lay rows out as cards, and CSS display takes the implied ones away. */
export function dataTable(options: {
  label: string;
  columns: readonly Column[];
  rows: readonly Row[];
}): VirtualElement {
  const { label, columns, rows } = options;
  return h(
    'div',
    { class: 'table-scroll', role: 'region', 'aria-label': label, tabindex: 0 },
    h(
      'table',
      { role: 'table', 'aria-label': label },
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map(headerCell))),
      h(
        'tbody',
        { role: 'rowgroup' },
        rows.map((row) =>
          h(
            'tr',
            { role: 'row', key: row.key },
            row.cells.map((cell, index) => {
              const column = columns[index];
              return h(
                'td',
                {
                  role: 'cell',
                  class: column?.numeric === true ? 'numeric' : undefined,
                  'data-label': column?.name ?? '',
                },
                cell,
              );
            }),
          ),
        ),
      ),
    ),
  );
}

function headerCell(column: Column): VirtualElement {
  const attributes = {
    role: 'columnheader',
    scope: 'col',
    class: column.numeric === true ? 'numeric' : undefined,
    'aria-sort': column.sorted,
  };
  if (column.sortBy === undefined) return h('th', attributes, column.name);
  const arrow = column.sorted === undefined ? '' : column.sorted === 'ascending' ? ' ↑' : ' ↓';
  return h(
    'th',
    attributes,
    h(
      'button',
      { type: 'button', class: 'sort', 'data-action': 'sort', 'data-column': column.sortBy },
      `${column.name}${arrow}`,
    ),
  );
}

export function section(title: string, ...children: Child[]): VirtualElement {
  return h('section', { class: 'card', key: `section ${title}` }, h('h2', {}, title), children);
}

export function loading(what: string): VirtualElement {
  return h('p', { class: 'placeholder', 'aria-busy': 'true' }, `Loading ${what}…`);
}

export function empty(...children: Child[]): VirtualElement {
  return h('p', { class: 'placeholder' }, children);
}
