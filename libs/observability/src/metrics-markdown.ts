import type { Registry } from 'prom-client';

export interface MetricsSection {
  readonly title: string;
  readonly intro?: string;
  /** With its metrics registered; whatever they were set to is not shown. */
  readonly registry: Registry;
}

/** Longer lists of label values are told by their length. */
const shownValuesMax = 16;

/** The tables of docs/metrics.md: one section a program, one row a metric, in the order of their registration. */
export async function renderMetricsMarkdown(sections: readonly MetricsSection[]): Promise<string> {
  return (await Promise.all(sections.map(renderSection))).join('\n');
}

async function renderSection({ title, intro, registry }: MetricsSection): Promise<string> {
  const families = (await registry.getMetricsAsJSON()) as unknown as readonly Family[];
  return [
    `## ${title}`,
    '',
    ...(intro === undefined ? [] : [intro, '']),
    '| Metric | Type | Labels | Meaning |',
    '| --- | --- | --- | --- |',
    ...families.map(renderRow),
    '',
  ].join('\n');
}

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly values: readonly { readonly labels: Readonly<Record<string, string | number>> }[];
}

function renderRow({ name, type, help, values }: Family): string {
  const labels = new Map<string, Set<string>>();
  for (const [label, value] of values.flatMap((sample) => Object.entries(sample.labels))) {
    // A histogram's buckets are no label of ours.
    if (label !== 'le') labels.set(label, (labels.get(label) ?? new Set()).add(String(value)));
  }
  const shown = [...labels].map(([label, known]) =>
    known.size > shownValuesMax
      ? `${label}: one of ${known.size}`
      : `${label}: ${[...known].join(', ')}`,
  );
  const cells = [`\`${name}\``, type, shown.join('; '), help];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
