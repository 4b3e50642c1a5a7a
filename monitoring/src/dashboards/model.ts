import { comparisonOf, withMatcher, type Comparison } from '../promql/edit.ts';
import type { AlertRule } from '../rules.ts';

/** Grafana's names of units; `si:` is one of ours with SI prefixes. */
export type Unit = 's' | 'bytes' | 'percentunit' | 'short' | 'cps' | 'reqps' | 'si:op/s' | 'none';

export interface Query {
  readonly expr: string;
  /** Labels in `{{ }}`. */
  readonly legend: string;
}

export interface PanelSpec {
  /** The question that the panel answers. */
  readonly title: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly description?: string;
  /** Of 24 columns; 12 by default. */
  readonly width?: 6 | 8 | 12 | 24;
  /** Named when the panel draws what an alert compares. */
  readonly alert?: { readonly name: string; readonly comparison: Comparison };
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

export interface DashboardSpec {
  /** Also its file name, and what links to it say. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** The scrape job whose instances can be chosen as $instance; none on a dashboard of them all. */
  readonly instancesOf?: string;
  readonly rows: readonly RowSpec[];
}

/** Every series of the chosen instances alone. */
export const chosen = 'instance=~"$instance"';

/** Panels of what alerts compare: the quantity and the threshold are the rule's own. */
export class AlertPanels {
  readonly #alerts: ReadonlyMap<string, AlertRule>;

  constructor(alerts: readonly AlertRule[]) {
    this.#alerts = new Map(alerts.map((rule) => [rule.alert, rule]));
  }

  /**
   * @param options - `scope`: a matcher for each selector of the quantity; `others`: queries to draw beside it.
   * @throws Error when there is no such alert.
   */
  of(
    name: string,
    panel: Omit<PanelSpec, 'queries' | 'alert'> & { readonly legend: string },
    options: { readonly scope?: string; readonly others?: readonly Query[] } = {},
  ): PanelSpec {
    const rule = this.#alerts.get(name);
    if (rule === undefined) throw new Error(`expected an alert, got ${name}`);
    const { legend, ...rest } = panel;
    const comparison = comparisonOf(rule.expr);
    const { quantity } = comparison;
    const expr = options.scope === undefined ? quantity : withMatcher(quantity, options.scope);
    const queries = [{ expr, legend }, ...(options.others ?? [])];
    return { ...rest, queries, alert: { name, comparison } };
  }
}
