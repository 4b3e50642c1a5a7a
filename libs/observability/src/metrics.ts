import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every label with its closed list of values; a list with `other` takes unknown values under that one. */
export type LabelSets = Readonly<Record<string, readonly string[]>>;
export type LabelValues<L extends LabelSets> = { readonly [K in keyof L]: L[K][number] };

export interface MetricOptions<L extends LabelSets> {
  /** Without the prefix given to createMetrics. */
  readonly name: string;
  readonly help: string;
  readonly labels?: L;
}

export interface HistogramOptions<L extends LabelSets> extends MetricOptions<L> {
  /** Upper bounds in the base unit, ascending. */
  readonly buckets: readonly number[];
}

type Amount<L extends LabelSets> = keyof L extends never
  ? [value?: number]
  : [labels: LabelValues<L>, value?: number];
type Level<L extends LabelSets> = keyof L extends never
  ? [value: number]
  : [value: number, labels: LabelValues<L>];

export interface CounterMetric<L extends LabelSets> {
  inc(...args: Amount<L>): void;
}
export interface GaugeMetric<L extends LabelSets> {
  set(...args: Level<L>): void;
}
export interface HistogramMetric<L extends LabelSets> {
  observe(...args: Level<L>): void;
}

export interface Metrics {
  readonly registry: Registry;
  counter<const L extends LabelSets = Record<never, never>>(
    options: MetricOptions<L>,
  ): CounterMetric<L>;
  gauge<const L extends LabelSets = Record<never, never>>(
    options: MetricOptions<L>,
  ): GaugeMetric<L>;
  histogram<const L extends LabelSets = Record<never, never>>(
    options: HistogramOptions<L>,
  ): HistogramMetric<L>;
}

export interface MetricsOptions {
  /** What every own metric starts with, e.g. `tops_worker_`. */
  readonly prefix?: string;
  /** Put before prom-client's process_… and nodejs_… names; none by default. */
  readonly defaultMetricsPrefix?: string;
  /** Whether to collect those at all; true by default. */
  readonly defaultMetrics?: boolean;
}

/**
 * One registry with the process's default metrics and typed, closed-label builders on top. Counters and gauges start with
 * every label combination at 0, so that a rate or an alert sees the first increment.
 *
 * @throws Error from a builder when a name breaks the naming rules, from a metric when a label value is not in its list.
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const prefix = options.prefix ?? '';
  if (options.defaultMetrics !== false)
    collectDefaultMetrics({
      register: registry,
      ...(options.defaultMetricsPrefix === undefined
        ? {}
        : { prefix: options.defaultMetricsPrefix }),
    });
  const settings = (kind: MetricKind, metric: MetricOptions<LabelSets>) => {
    const name = `${prefix}${metric.name}`;
    const problem = metricNameProblem(name, kind);
    if (problem !== undefined) throw new Error(problem);
    const labelSets = metric.labels ?? {};
    return { name, help: metric.help, labelSets, labelNames: Object.keys(labelSets) };
  };
  return {
    registry,
    counter(metric) {
      const { labelSets, ...config } = settings('counter', metric);
      const counter = new Counter({ ...config, registers: [registry] });
      for (const labels of labelCombinations(labelSets)) counter.inc(labels, 0);
      return {
        inc(...args) {
          const [first, second] = args;
          const isBare = first === undefined || typeof first === 'number';
          const [labels, value = 1] = isBare ? [{}, first] : [first, second];
          counter.inc(closed(config.name, labelSets, labels), value);
        },
      };
    },
    gauge(metric) {
      const { labelSets, ...config } = settings('gauge', metric);
      const gauge = new Gauge({ ...config, registers: [registry] });
      for (const labels of labelCombinations(labelSets)) gauge.set(labels, 0);
      return {
        set: (...[value, labels = {}]) => gauge.set(closed(config.name, labelSets, labels), value),
      };
    },
    histogram(metric) {
      const { labelSets, ...config } = settings('histogram', metric);
      const buckets = [...metric.buckets];
      const histogram = new Histogram({ ...config, buckets, registers: [registry] });
      for (const labels of labelCombinations(labelSets)) histogram.zero(labels);
      return {
        observe: (...[value, labels = {}]) =>
          histogram.observe(closed(config.name, labelSets, labels), value),
      };
    },
  };
}

type MetricKind = 'counter' | 'gauge' | 'histogram';

// Prometheus' naming practices: base units only (seconds, bytes, ratio), _total on counters and nowhere else.
const scaledUnit =
  /_(ms|milliseconds?|us|microseconds?|minutes?|hours?|kb|kib|mb|mib|gb|gib|kilobytes?|megabytes?|percent|percentage)(_|$)/;

/** What is wrong with a metric's name, or undefined. */
export function metricNameProblem(name: string, kind: MetricKind): string | undefined {
  if (!/^[a-z][a-z0-9_]*[a-z0-9]$/.test(name)) return `${name}: a metric name is snake_case`;
  if (scaledUnit.test(name)) return `${name}: base units only (seconds, bytes, ratio)`;
  if (kind === 'counter' && !name.endsWith('_total')) return `${name}: a counter ends in _total`;
  if (kind !== 'counter' && name.endsWith('_total')) return `${name}: only counters end in _total`;
  return undefined;
}

function labelCombinations(labelSets: LabelSets): Record<string, string>[] {
  let combinations: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labelSets))
    combinations = combinations.flatMap((base) =>
      values.map((value) => ({ ...base, [label]: value })),
    );
  return combinations;
}

function closed(
  name: string,
  labelSets: LabelSets,
  labels: object | undefined,
): Record<string, string> {
  const given = labels as Record<string, string>;
  const checked: Record<string, string> = {};
  for (const [label, values] of Object.entries(labelSets)) {
    const value = given[label];
    if (value !== undefined && values.includes(value)) checked[label] = value;
    else if (values.includes('other')) checked[label] = 'other';
    else throw new Error(`${name}: ${label} is not one of ${values.join(', ')}`);
  }
  return checked;
}
