import { describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { findObject } from '../src/manifest.ts';
import { renderingOf } from './rendered.ts';

interface AnalysisMetric {
  readonly name: string;
  readonly successCondition: string;
  readonly failureCondition: string;
  readonly provider: { readonly prometheus: { readonly query: string } };
}

const { objects } = renderingOf('production');
const template = findObject(objects, { kind: 'AnalysisTemplate', name: 'tops-verifier' });
const { metrics } = template?.['spec'] as { metrics: readonly AnalysisMetric[] };

/** Where the grammar of Prometheus finds no sense. */
function syntaxErrors(query: string): string[] {
  const errors: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(query.slice(from, from + 20));
    },
  });
  return errors;
}

/** A condition of Argo, which reads like JavaScript for what is used here. */
function holds(condition: string, result: readonly number[]): boolean {
  const names = ['result', 'len', 'isNaN'];
  const judge = new Function(...names, `return ${condition};`) as (...values: unknown[]) => boolean;
  return judge(result, (list: readonly number[]) => list.length, Number.isNaN);
}

describe('the analysis of the canary', () => {
  it('looks at false rejects, disagreements of the kernels, 5xx and the 99th percentile', () => {
    expect(metrics.map(({ name }) => name)).toEqual([
      'false-reject-rate',
      'kernel-disagreements',
      'server-errors',
      'verify-p99-seconds',
    ]);
  });

  it.each(metrics.map((metric) => [metric.name, metric] as const))(
    'asks for %s in PromQL, of the canary alone or against the stable ones',
    (_name, { provider }) => {
      const query = provider.prometheus.query.replace(/\{\{args\.([\w-]+)\}\}/g, '$1');
      expect(syntaxErrors(query)).toEqual([]);
      expect(syntaxErrors(`${query} +`)).not.toEqual([]);
      const selectors = query.match(/tops_\w+\{[^}]*\}/g) ?? [];
      expect(selectors.length).toBeGreaterThan(0);
      for (const selector of selectors) {
        expect(selector).toMatch(/rollouts_pod_template_hash="(canary|stable)-hash"/);
        expect(selector).toContain('namespace="namespace"');
      }
    },
  );

  it.each([
    ['false-reject-rate', [0.001], [0.0011]],
    ['false-reject-rate', [-0.5], [1]],
    ['kernel-disagreements', [0], [1]],
    ['server-errors', [0.01], [0.011]],
    ['verify-p99-seconds', [1], [1.01]],
  ])('%s: takes %p, refuses %p, and judges nothing without data', (name, good, bad) => {
    const metric = metrics.find((each) => each.name === name);
    const verdict = (result: readonly number[]) => [
      holds(metric?.successCondition ?? '', result),
      holds(metric?.failureCondition ?? '', result),
    ];
    expect(verdict(good)).toEqual([true, false]);
    expect(verdict(bad)).toEqual([false, true]);
    expect(verdict([])).toEqual([false, false]);
    expect(verdict([Number.NaN])).toEqual([false, false]);
  });
});
