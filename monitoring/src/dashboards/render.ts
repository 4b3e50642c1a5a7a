import type { Comparison } from '../promql/edit.ts';
import type { DashboardSpec, PanelSpec } from './model.ts';

const columnCount = 24;
const panelHeight = 8;
const datasource = { type: 'prometheus', uid: '${datasource}' };

/** A dashboard as Grafana provisions it (schema 39), panels laid out from left to right. */
export function renderDashboard(spec: DashboardSpec): object {
  return {
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: ['tops'],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    graphTooltip: 1,
    links: [
      {
        ...{ type: 'dashboards', title: 'tops', tags: ['tops'], asDropdown: false },
        ...{ keepTime: true, includeVars: false, targetBlank: false },
      },
    ],
    templating: { list: renderVariables(spec.instancesOf) },
    panels: renderRows(spec),
  };
}

function renderVariables(job: string | undefined): object[] {
  const source = {
    ...{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
    ...{ multi: false, includeAll: false, refresh: 1 },
  };
  if (job === undefined) return [source];
  const query = `label_values(up{job="${job}"}, instance)`;
  const instances = {
    ...{ name: 'instance', label: 'Instance', type: 'query', datasource },
    ...{ query: { query, refId: 'instances' }, definition: query, refresh: 2, sort: 1 },
    // Every instance is a pattern of its own, so that one that has just gone is shown too.
    ...{ multi: true, includeAll: true, allValue: '.+' },
    current: { text: 'All', value: '$__all' },
  };
  return [source, instances];
}

function renderRows({ rows }: DashboardSpec): object[] {
  const rendered: object[] = [];
  let top = 0;
  for (const row of rows) {
    const gridPos = { h: 1, w: columnCount, x: 0, y: top++ };
    rendered.push({
      id: rendered.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos,
    });
    let left = 0;
    for (const panel of row.panels) {
      const { width = 12 } = panel;
      if (left + width > columnCount) {
        left = 0;
        top += panelHeight;
      }
      const position = { h: panelHeight, w: width, x: left, y: top };
      rendered.push({ id: rendered.length + 1, ...renderPanel(panel), gridPos: position });
      left += width;
    }
    top += panelHeight;
  }
  return rendered;
}

function renderPanel(panel: PanelSpec): object {
  const { alert } = panel;
  const description = [panel.description, alert && describeAlert(alert)]
    .filter((text) => text !== undefined)
    .join(' ');
  const isLine = alert !== undefined && alert.comparison.operator !== '==';
  const custom = {
    ...{ drawStyle: 'line', lineWidth: 1, fillOpacity: 10, showPoints: 'never', spanNulls: false },
    thresholdsStyle: { mode: isLine ? 'line' : 'off' },
  };
  return {
    type: 'timeseries',
    title: panel.title,
    ...(description === '' ? {} : { description }),
    datasource,
    targets: panel.queries.map(({ expr, legend }, index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource, editorMode: 'code', range: true },
      ...{ expr, legendFormat: legend },
    })),
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        ...(panel.unit === 'percentunit' ? { min: 0 } : {}),
        thresholds: { mode: 'absolute', steps: thresholdSteps(alert?.comparison) },
        color: { mode: 'palette-classic' },
        custom,
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

function describeAlert({ name, comparison }: NonNullable<PanelSpec['alert']>): string {
  return `${name} is for values ${comparison.operator} ${comparison.threshold}: docs/runbook.md.`;
}

/** Green where the alert is silent. `==` and `!=` are for whole numbers. */
function thresholdSteps(comparison: Comparison | undefined): object[] {
  const step = (color: string, value: number | null) => ({ color, value });
  if (comparison === undefined) return [step('green', null)];
  const { operator, threshold } = comparison;
  if (operator === '>' || operator === '>=') return [step('green', null), step('red', threshold)];
  if (operator === '==') return [step('red', null), step('green', threshold + 1)];
  return [step('red', null), step('green', threshold)];
}
