import type { Registry } from 'prom-client';

/** What a series may be asked about: each label with its values where those are a closed list. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  /** `le` and `quantile` are not among them. Undefined values: not known before the program runs. */
  readonly labels: ReadonlyMap<string, readonly string[] | undefined>;
}

/** Every metric that the apps expose, by name. */
export type MetricCatalog = ReadonlyMap<string, MetricFamily>;

/** One job of prometheus.yml: its scrape job and what its program's registry holds. */
export interface CatalogSource {
  /** What its own metrics start with: theirs have closed label values from the start. */
  readonly prefix: string;
  readonly registry: Registry;
}

/** What several programs expose together; a family that more than one has (process_…) is listed once. */
export async function readCatalog(sources: readonly CatalogSource[]): Promise<MetricCatalog> {
  const catalog = new Map<string, MetricFamily>();
  for (const { prefix, registry } of sources) {
    for (const metric of registry.getMetricsAsArray()) {
      const { name } = metric;
      const { type, values } = (await registry.getSingleMetric(name)?.get()) as unknown as {
        readonly type: MetricFamily['type'];
        readonly values: readonly { readonly labels: Readonly<Record<string, unknown>> }[];
      };
      const isClosed = name.startsWith(prefix);
      // prom-client keeps a metric's labels where no type declares them; those of its own have no samples yet.
      const { labelNames = [] } = metric as unknown as { readonly labelNames?: readonly string[] };
      const labels = labelNames
        .filter((label) => label !== 'le' && label !== 'quantile')
        .map((label) => {
          const known = [...new Set(values.map((sample) => String(sample.labels[label])))];
          return [label, isClosed ? known : undefined] as const;
        });
      catalog.set(name, { name, type, labels: new Map(labels) });
    }
  }
  return catalog;
}

/** The labels every scraped series has besides its own. */
export const targetLabels = ['job', 'instance'] as const;

/** Series that Prometheus makes itself, with their labels. */
export const ownSeries: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>(
  [
    ['up', targetLabels],
    ['scrape_duration_seconds', targetLabels],
    ['scrape_samples_scraped', targetLabels],
    ['ALERTS', ['alertname', 'alertstate', 'severity', ...targetLabels]],
  ],
);
