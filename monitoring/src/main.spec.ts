import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sectionsOf } from './checks/alerts.ts';
import { loadInputs } from './load-inputs.ts';
import { renderFiles, staleFiles } from './main.ts';
import { comparisonOf } from './promql/edit.ts';
import { readRules } from './rules.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string; readonly datasource: unknown }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly thresholds: { readonly steps: readonly { color: string; value: number | null }[] };
    };
  };
}

async function rendered() {
  const inputs = await loadInputs(root);
  const files = await renderFiles(inputs, (json) => Promise.resolve(json));
  const dashboards = [...files.values()].map(
    (text) => JSON.parse(text) as { readonly uid: string; readonly panels: readonly Panel[] },
  );
  return { inputs, dashboards };
}

describe('the dashboards', () => {
  it('lay panels out without a gap in ids, an overlap or an overhang', async () => {
    for (const { uid, panels } of (await rendered()).dashboards) {
      expect(panels.map(({ id }) => id)).toEqual(panels.map((_panel, at) => at + 1));
      const taken = new Map<string, string>();
      for (const { title, gridPos } of panels) {
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect({ uid, title, over: taken.get(`${x},${y}`) }).toEqual({ uid, title });
            taken.set(`${x},${y}`, title);
          }
      }
    }
  });

  it('have a unit and the chosen data source everywhere', async () => {
    const panels = (await rendered()).dashboards.flatMap((dashboard) => dashboard.panels);
    for (const { type, fieldConfig, targets } of panels) {
      if (type === 'row') continue;
      expect(fieldConfig?.defaults.unit).toMatch(/^[a-z]/);
      for (const { datasource } of targets ?? [])
        expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
    }
  });

  it('change colour where an alert fires', async () => {
    const { inputs, dashboards } = await rendered();
    const panels = dashboards.flatMap((dashboard) => dashboard.panels);
    const specs = inputs.dashboards.flatMap(({ rows }) => rows.flatMap((row) => row.panels));
    const drawn = specs.filter(({ alert }) => alert !== undefined);
    expect(drawn).toHaveLength(inputs.rules.alerts.length);
    for (const { title, alert, queries } of drawn) {
      const rule = inputs.rules.alerts.find((one) => one.alert === alert?.name);
      const { operator, threshold } = comparisonOf(rule?.expr ?? '');
      const panel = panels.find(
        (one) => one.title === title && one.targets?.[0]?.expr === queries[0]?.expr,
      );
      const steps = panel?.fieldConfig?.defaults.thresholds.steps ?? [];
      const red = steps.find(({ color }) => color === 'red')?.value;
      const green = steps.find(({ color }) => color === 'green')?.value;
      if (operator.startsWith('>')) expect([red, green]).toEqual([threshold, null]);
      else expect([red, green]).toEqual([null, threshold + (operator === '==' ? 1 : 0)]);
    }
  });
});

describe('staleFiles', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tops-dashboards-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('names what differs, what is missing and what is too much', () => {
    for (const name of ['same', 'other', 'stranger'])
      writeFileSync(join(dir, `${name}.json`), '{}');
    const files = new Map([
      ['same.json', '{}'],
      ['other.json', '[]'],
      ['missing.json', '{}'],
    ]);
    expect(staleFiles(dir, files)).toEqual([
      'other.json: stale (run `npx nx run monitoring:dashboards` and commit)',
      'missing.json: stale (run `npx nx run monitoring:dashboards` and commit)',
      'stranger.json: made by no dashboard',
    ]);
  });
});

describe('readRules', () => {
  it('knows recordings from alerts', () => {
    const text =
      'groups: [{ name: g, rules: [{ record: a, expr: b }, { alert: C, expr: d > 1, labels: { e: f } }] }]';
    expect(readRules([text])).toEqual({
      recording: [{ record: 'a', expr: 'b', labels: {} }],
      alerts: [{ alert: 'C', expr: 'd > 1', labels: { e: 'f' }, annotations: {} }],
    });
  });

  it.each([
    'groups: {}',
    'groups: [{ rules: [{ record: a }] }]',
    'groups: [{ rules: [{ alert: a, expr: 1 }] }]',
    'groups: [{ rules: [{ alert: a, expr: b, labels: { c: 1 } }] }]',
  ])('refuses %s', (text) => {
    expect(() => readRules([text])).toThrow(/^expected (a list|text) under /);
  });
});

describe('sectionsOf', () => {
  it('makes anchors as repository hosts do, and takes no comment of a script for a heading', () => {
    const text = '# Run book\n\n## TopsDown\n\n```bash\n# not this\n```\n### `a` & b-c\n';
    expect(sectionsOf(text)).toEqual(['run-book', 'topsdown', 'a--b-c']);
  });
});
