import type { Registry } from 'prom-client';
import { metricNameProblem } from './metrics.ts';

export interface MetricsCheckOptions {
  /** What every own metric must start with, e.g. `tops_worker_`. */
  readonly prefix: string;
  /** prom-client's own families. */
  readonly defaultPrefixes?: readonly string[];
  /** More series than this in one family means an open label; 200 by default. */
  readonly maxSeries?: number;
}

/**
 * What an exposition does that operators pay for: names outside the prefix or against the naming rules
 * (`_total` on counters alone, base units), families with too many series, label values
 * that look like keys, hashes, addresses or DIDs. For specs, after a scenario has run; an empty list is good.
 */
export async function findMetricsProblems(
  registry: Registry,
  options: MetricsCheckOptions,
): Promise<string[]> {
  const { prefix, defaultPrefixes = ['process_', 'nodejs_'], maxSeries = 200 } = options;
  const problems: string[] = [];
  for (const family of await registry.getMetricsAsJSON()) {
    const { name, type, values } = family as unknown as {
      readonly name: string;
      readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
      readonly values: readonly { readonly labels: Readonly<Record<string, string | number>> }[];
    };
    if (defaultPrefixes.some((start) => name.startsWith(start))) continue;
    if (!name.startsWith(prefix)) problems.push(`${name}: does not start with ${prefix}`);
    const nameProblem = metricNameProblem(name, type === 'summary' ? 'histogram' : type);
    if (nameProblem !== undefined) problems.push(nameProblem);
    if (values.length > maxSeries) problems.push(`${name}: ${values.length} series`);
    for (const { labels } of values)
      for (const [label, value] of Object.entries(labels))
        if (label !== 'le' && /[0-9a-fA-F]{16}|^did:|\d+\.\d+\.\d+\.\d+/.test(String(value)))
          problems.push(`${name}: label ${label} holds an identity`);
  }
  return problems;
}
