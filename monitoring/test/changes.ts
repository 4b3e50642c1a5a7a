import type { MetricFamily } from '../src/catalog.ts';
import type { PanelSpec } from '../src/dashboards/model.ts';
import type { AlertRule, RecordingRule } from '../src/rules.ts';
import type { CheckInputs } from '../src/checks/inputs.ts';

/** Spoils what is right. */
export type Change = (inputs: CheckInputs) => CheckInputs;

/** What it is, how it comes about, and a problem that has to come of it. */
export type Mistake = readonly [name: string, change: Change, problem: string];

export const withFamily =
  (name: string, change: (family: MetricFamily) => MetricFamily | undefined): Change =>
  (inputs) => {
    const catalog = new Map(inputs.catalog);
    const changed = change(catalog.get(name) ?? missing(name));
    if (changed === undefined) catalog.delete(name);
    else catalog.set(name, changed);
    return { ...inputs, catalog };
  };
export const withAlert =
  (name: string, change: (rule: AlertRule) => Partial<AlertRule>): Change =>
  (inputs) => {
    const alerts = replaced(inputs.rules.alerts, ({ alert }) => alert === name, change);
    return { ...inputs, rules: { ...inputs.rules, alerts } };
  };
export const withAnnotation = (annotation: Readonly<Record<string, string>>): Change =>
  withAlert('TopsWorkerDown', ({ annotations }) => ({
    annotations: { ...annotations, ...annotation },
  }));
export const withRecord =
  (name: string, change: (rule: RecordingRule) => Partial<RecordingRule>): Change =>
  (inputs) => {
    const recording = replaced(inputs.rules.recording, ({ record }) => record === name, change);
    return { ...inputs, rules: { ...inputs.rules, recording } };
  };
/** The first panel of the worker's dashboard. */
export const withPanel =
  (change: Partial<PanelSpec>): Change =>
  (inputs) => ({
    ...inputs,
    dashboards: replaced(
      inputs.dashboards,
      ({ uid }) => uid === 'tops-worker',
      ({ rows }) => ({
        rows: rows.map((row, at) =>
          at > 0
            ? row
            : { ...row, panels: row.panels.map((p, n) => (n > 0 ? p : { ...p, ...change })) },
        ),
      }),
    ),
  });
export const withQuery = (expr: string, legend = '{{instance}}') =>
  withPanel({ queries: [{ expr, legend }] });

function replaced<T>(
  list: readonly T[],
  isIt: (item: T) => boolean,
  change: (item: T) => Partial<T>,
): T[] {
  if (list.filter(isIt).length !== 1) missing('one to change');
  return list.map((item) => (isIt(item) ? { ...item, ...change(item) } : item));
}

function missing(what: string): never {
  throw new Error(`the spec is stale: no ${what}`);
}
