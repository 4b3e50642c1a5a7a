import { inferLabels, type Inferred } from '../promql/infer.ts';
import { parsePromql, PromqlError } from '../promql/parse.ts';
import { SeriesIndex } from '../promql/series.ts';
import type { CheckInputs } from './inputs.ts';

/** One expression with where it stands. */
export interface PlacedExpression {
  readonly place: string;
  readonly expr: string;
  /** Text with labels in `{{ }}` that is made from the result: a legend, or annotations. */
  readonly templates: readonly string[];
  readonly kind: 'recording' | 'alert' | 'panel';
}

export function allExpressions({ rules, dashboards }: CheckInputs): PlacedExpression[] {
  const recording = rules.recording.map(({ record, expr }) => ({
    ...{ place: `rule ${record}`, expr, templates: [], kind: 'recording' as const },
  }));
  const alerts = rules.alerts.map(({ alert, expr, annotations }) => ({
    ...{ place: `alert ${alert}`, expr, kind: 'alert' as const },
    templates: Object.values(annotations),
  }));
  const panels = dashboards.flatMap(({ uid, rows }) =>
    rows.flatMap((row) =>
      row.panels.flatMap(({ title, queries }) =>
        queries.map(({ expr, legend }) => ({
          ...{ place: `${uid}, "${title}"`, expr, templates: [legend], kind: 'panel' as const },
        })),
      ),
    ),
  );
  return [...recording, ...alerts, ...panels];
}

export interface ExpressionFindings {
  readonly problems: readonly string[];
  /** What rules and dashboards read: families of the apps and recording rules. */
  readonly read: ReadonlySet<string>;
}

/** Every metric, label and label value that is asked for has to be one that the apps or the rules give. */
export function checkExpressions(inputs: CheckInputs): ExpressionFindings {
  const series = new SeriesIndex(inputs.catalog, inputs.rules.recording, inputs);
  const read = new Set<string>();
  const problems = allExpressions(inputs).flatMap((placed) => {
    const inferred = infer(placed.expr, series);
    if (typeof inferred === 'string') return [`${placed.place}: ${inferred}`];
    for (const source of inferred.sources) read.add(source);
    return [...inferred.problems, ...unknownLabels(placed, inferred)].map(
      (problem) => `${placed.place}: ${problem}`,
    );
  });
  return { problems: [...new Set(problems)], read };
}

function infer(expr: string, series: SeriesIndex): Inferred | string {
  try {
    return inferLabels(parsePromql(expr), series);
  } catch (error) {
    if (error instanceof PromqlError) return error.message;
    throw error;
  }
}

/** `{{instance}}` in legends, `{{ $labels.instance }}` in annotations. */
function unknownLabels({ kind, templates }: PlacedExpression, { labels }: Inferred): string[] {
  const pattern = kind === 'panel' ? /\{\{\s*(\w+)\s*\}\}/g : /\$labels\.(\w+)/g;
  return templates
    .flatMap((template) => [...template.matchAll(pattern)].map(([, label = '']) => label))
    .filter((label) => !labels.has(label))
    .map((label) => `its text names the label ${label}, which the result does not have`);
}
