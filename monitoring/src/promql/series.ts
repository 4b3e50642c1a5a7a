import { ownSeries, targetLabels, type MetricCatalog } from '../catalog.ts';
import type { RecordingRule } from '../rules.ts';
import { inferLabels } from './infer.ts';
import { parsePromql } from './parse.ts';

/** Labels of a series or an expression, each with its values where they are a closed list. */
export type Labels = ReadonlyMap<string, readonly string[] | undefined>;

export interface Series {
  /** A family of the apps, a recording rule, or one of Prometheus' own. */
  readonly source: string;
  readonly labels: Labels;
}

const histogramSuffixes = ['_bucket', '_sum', '_count'];

/** Looks series up by name: those of the apps, those that rules record, Prometheus' own. */
export class SeriesIndex {
  readonly #catalog: MetricCatalog;
  readonly #records: ReadonlyMap<string, RecordingRule>;
  readonly #targetLabels: Labels;
  readonly #recorded = new Map<string, Labels | 'pending'>();

  /** @param jobs - the scrape jobs of prometheus.yml. */
  constructor(
    catalog: MetricCatalog,
    rules: readonly RecordingRule[],
    options: { readonly jobs: readonly string[] },
  ) {
    this.#catalog = catalog;
    this.#records = new Map(rules.map((rule) => [rule.record, rule]));
    this.#targetLabels = new Map(
      targetLabels.map((label) => [label, label === 'job' ? options.jobs : undefined]),
    );
  }

  /** Undefined when nothing is called so. A recording rule that reads itself has no labels of its own making. */
  find(name: string): Series | undefined {
    const rule = this.#records.get(name);
    if (rule !== undefined) return { source: name, labels: this.#labelsOfRecord(rule) };
    const own = ownSeries.get(name);
    if (own !== undefined) {
      const labels = own.map((label) => [label, this.#targetLabels.get(label)] as const);
      return { source: name, labels: new Map(labels) };
    }
    return this.#findFamily(name);
  }

  #findFamily(name: string): Series | undefined {
    const suffix = histogramSuffixes.find((end) => name.endsWith(end));
    const base = suffix === undefined ? name : name.slice(0, -suffix.length);
    const hasParts = (type: string) => type === 'histogram' || type === 'summary';
    const whole = this.#catalog.get(name);
    const family = whole !== undefined && !hasParts(whole.type) ? whole : this.#catalog.get(base);
    if (family === undefined || (family !== whole && !hasParts(family.type))) return undefined;
    if (family === whole && hasParts(family.type)) return undefined;
    const labels = new Map([...this.#targetLabels, ...family.labels]);
    if (family !== whole && suffix === '_bucket') labels.set('le', undefined);
    return { source: family.name, labels };
  }

  #labelsOfRecord(rule: RecordingRule): Labels {
    const known = this.#recorded.get(rule.record);
    if (known !== undefined) return known === 'pending' ? new Map() : known;
    this.#recorded.set(rule.record, 'pending');
    // Its problems are told where the rule itself is looked at.
    const inferred = inferLabels(parsePromql(rule.expr), this).labels;
    const added = Object.entries(rule.labels).map(([label, value]) => [label, [value]] as const);
    const labels: Labels = new Map([...inferred, ...added]);
    this.#recorded.set(rule.record, labels);
    return labels;
  }
}
