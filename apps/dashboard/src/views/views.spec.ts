import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  readEpoch,
  readEpochCredits,
  readReceiptEvidence,
  readWorker,
  type ReceiptEvidence,
} from '../api-model.ts';
import type { PageState } from '../page-state.ts';
import type { Route } from '../routes.ts';
import { textOf, type VirtualNode } from '../virtual-node.ts';
import { nominalOps, verdictText } from './receipt.ts';
import { shell } from './shell.ts';

const receiptId = 'ab'.repeat(32);
const HOSTILE = '"><img src=x onerror=alert(1)>javascript:alert(1)';
const hostileWorker = readWorker({
  did: HOSTILE,
  label: HOSTILE,
  state: 'constructor',
  credited_ops: HOSTILE,
  last_seen_at: 1e300,
});
const hostileEvidence = readReceiptEvidence({
  receipt_id: receiptId,
  outcome: HOSTILE,
  credited_ops: HOSTILE,
  rows: [1, 2],
  receipt: {
    kernel_ver: HOSTILE,
    device_did: HOSTILE,
    public_key_hex: HOSTILE,
    work_root_hex: HOSTILE,
    sig_hex: HOSTILE,
    driver_hint: HOSTILE,
    epoch_id: 5,
  },
});
const hostileEpoch = readEpoch({
  epoch_id: 5,
  sealed: true,
  head_hex: HOSTILE,
});
const hostileCredits = readEpochCredits({
  credits: [{ did: HOSTILE, credited_ops: HOSTILE }],
  entries: [{ receipt_id: HOSTILE, outcome: HOSTILE, credited_ops: HOSTILE, rows: [1] }],
});

const blank: PageState = {
  route: { view: 'overview' },
  connection: { kind: 'connecting' },
  browserNowMs: 1000,
  serverNowMs: 1000,
  epochNow: undefined,
  workerList: undefined,
  epochPage: undefined,
  detail: { kind: 'loading' },
  order: { column: 'verified_tops', descending: true },
  filter: '',
  notice: '',
};
const show = (change: Partial<PageState>): readonly VirtualNode[] => shell({ ...blank, ...change });
const shownText = (change: Partial<PageState>): string => show(change).map(textOf).join(' ');

const routes: Route[] = [
  { view: 'overview' },
  { view: 'workers' },
  { view: 'worker', did: 'did:key:z6Mk' },
  { view: 'epochs' },
  { view: 'epochs', before: 4 },
  { view: 'epoch', epochId: 5 },
  { view: 'receipt', receiptId },
  { view: 'unknown' },
];

describe('every view', () => {
  it.each(routes)('$view shows a state for loading, missing, empty and failed', (route) => {
    expect(shownText({ route })).toContain('connecting');
    expect(shownText({ route, detail: { kind: 'missing' } })).not.toBe('');
    shownText({
      route,
      workerList: { workers: [], complete: true },
      epochPage: { epochs: [], nextBefore: NaN },
    });
    const connection = {
      kind: 'unreachable',
      reason: 'Failed to fetch',
      lastLiveAtMs: NaN,
      nextAtMs: 5000,
    } as const;
    expect(shownText({ route, connection })).toContain('Verifier unreachable');
  });

  it.each(routes)('$view survives hostile text: it stays text, and no link leaves', (route) => {
    const details = {
      worker: { kind: 'worker', worker: hostileWorker },
      epoch: { kind: 'epoch', epoch: hostileEpoch, credits: hostileCredits },
      receipt: { kind: 'receipt', evidence: hostileEvidence },
    } as const;
    const detail = Object.hasOwn(details, route.view)
      ? details[route.view as keyof typeof details]
      : blank.detail;
    // h() throws for an attribute or link that could run; that it does is tested beside it.
    const nodes = show({
      route,
      detail,
      workerList: { workers: [hostileWorker], complete: false },
      epochPage: { epochs: [hostileEpoch], nextBefore: 3 },
      notice: HOSTILE,
    });
    expect(nodes.map(textOf).join(' ')).toContain(HOSTILE);
    const tags = new Set<string>();
    const collect = (node: VirtualNode): void => {
      if (typeof node === 'string') return;
      tags.add(node.tag);
      node.children.forEach(collect);
    };
    nodes.forEach(collect);
    expect([...tags].filter((tag) => /^(script|style|img|iframe|object|link)$/.test(tag))).toEqual(
      [],
    );
  });
});

describe('receipt', () => {
  const evidence = (outcome: string, row?: number): ReceiptEvidence =>
    readReceiptEvidence({
      outcome,
      row,
      rows: [1, 2],
      receipt: { sizes: { m: 4096, n: 64, k: 128 } },
    });

  it('says what each outcome means', () => {
    expect(verdictText(evidence('accepted'))).toContain('2 of 4,096 rows');
    expect(verdictText(evidence('rejected', 17))).toContain('Row 17');
    expect(verdictText(evidence('rejected'))).toContain('differs');
    expect(verdictText(evidence('missed'))).toContain('in time');
    expect(verdictText(evidence('revoked'))).toContain('taken back');
    expect(verdictText(evidence('open'))).toContain('not answered yet');
    expect(verdictText(evidence('something new'))).toBe('');
  });

  it('offers the evidence of a rejected one only', () => {
    const links = (outcome: string): unknown[] => {
      const nodes = show({
        route: { view: 'receipt', receiptId },
        detail: { kind: 'receipt', evidence: evidence(outcome) },
      });
      const found: unknown[] = [];
      const collect = (node: VirtualNode): void => {
        if (typeof node === 'string') return;
        if (node.attributes['href']?.includes('evidence')) found.push(node.attributes['href']);
        node.children.forEach(collect);
      };
      nodes.forEach(collect);
      return found;
    };
    expect(links('rejected')).toEqual([`/v1/receipts/${receiptId}/evidence`]);
    for (const outcome of ['accepted', 'missed', 'revoked', 'open']) {
      expect(links(outcome)).toEqual([]);
    }
  });

  it('claims a recomputation only where there was one', () => {
    const shown = (outcome: string): string =>
      shownText({
        route: { view: 'receipt', receiptId },
        detail: { kind: 'receipt', evidence: evidence(outcome) },
      });
    expect(shown('accepted')).toContain('rows by recomputation');
    expect(shown('missed')).toContain('no row has been recomputed');
    expect(shown('open')).toContain('no row has been recomputed');
    expect(shown('revoked')).toContain('checked on arrival.');
  });

  it('counts 2·m·n·(k + n), exactly', () => {
    expect(nominalOps(evidence('open'))).toBe(String(2 * 4096 * 64 * (128 + 64)));
    expect(nominalOps(readReceiptEvidence({}))).toBe('');
  });

  it('sets the worker’s own word apart from what was checked', () => {
    const text = shownText({
      route: { view: 'receipt', receiptId },
      detail: { kind: 'receipt', evidence: hostileEvidence },
    });
    const ownWord = text.indexOf('own word');
    expect(ownWord).toBeGreaterThan(text.indexOf('Checked by the verifier'));
    expect(text.indexOf('time_ms')).toBeGreaterThan(ownWord);
    expect(text.indexOf('driver_hint')).toBeGreaterThan(ownWord);
    expect(text.indexOf('Work root')).toBeLessThan(ownWord);
  });
});

describe('sources', () => {
  it('never build markup from strings', () => {
    const sourceDir = join(import.meta.dirname, '..');
    const sources = readdirSync(sourceDir, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
    );
    expect(sources.length).toBeGreaterThan(10);
    for (const name of sources) {
      const source = readFileSync(join(sourceDir, name), 'utf8');
      expect(source).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/);
    }
  });

  it('hold no inline script or style', () => {
    const page = readFileSync(join(import.meta.dirname, '../index.html'), 'utf8');
    expect(page).toContain('src="dashboard.js"');
    expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    expect(page).not.toMatch(/https?:\/\//);
  });
});

describe('epoch', () => {
  const route: Route = { view: 'epoch', epochId: 5 };
  const shown = (sealed: boolean, credits: ReturnType<typeof readEpochCredits> | undefined) =>
    shownText({
      route,
      detail: { kind: 'epoch', epoch: readEpoch({ epoch_id: 5, sealed, closes_at: 1 }), credits },
    });

  it('says why entries are not listed', () => {
    expect(shown(false, undefined)).toContain('once the epoch is sealed');
    expect(shown(true, undefined)).toContain('Too many to list');
    expect(shown(true, readEpochCredits({}))).toContain('No receipt was taken');
  });

  it('tells an epoch that is closed but not sealed', () => {
    expect(shown(false, undefined)).toContain('sealing');
  });

  it('lists the first entries of many and says so', () => {
    const entries = Array.from({ length: 300 }, () => ({
      receipt_id: receiptId,
      outcome: 'missed',
    }));
    expect(shown(true, readEpochCredits({ entries }))).toContain('The first 250 of 300');
  });
});
