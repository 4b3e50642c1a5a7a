import type { MetricCatalog } from '../catalog.ts';
import type { DashboardSpec } from '../dashboards/model.ts';
import type { Rules, RuleTests } from '../rules.ts';

/** Everything that the checks compare. */
export interface CheckInputs {
  readonly catalog: MetricCatalog;
  /** The scrape jobs of prometheus.yml. */
  readonly jobs: readonly string[];
  readonly rules: Rules;
  readonly tests: RuleTests;
  readonly dashboards: readonly DashboardSpec[];
  /** Text of docs/runbook.md. */
  readonly runbook: string;
  readonly unseen: readonly UnseenMetrics[];
}

/** Metrics that may be missing from rules and dashboards, and why. */
export interface UnseenMetrics {
  /** A name, or with `*` at its end what names start with. */
  readonly name: string;
  readonly reason: string;
}
