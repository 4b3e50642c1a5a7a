import { describe, expect, it } from '@jest/globals';
import type { MetricFamily } from '../catalog.ts';
import { comparisonOf, withMatcher } from './edit.ts';
import { inferLabels } from './infer.ts';
import { parsePromql, PromqlError } from './parse.ts';
import { SeriesIndex } from './series.ts';

const family = (
  name: string,
  type: MetricFamily['type'],
  labels: Readonly<Record<string, readonly string[]>> = {},
): [string, MetricFamily] => [name, { name, type, labels: new Map(Object.entries(labels)) }];

const catalog = new Map([
  family('a_total', 'counter', { kind: ['x', 'y'] }),
  family('b', 'gauge'),
  family('h_seconds', 'histogram', { route: ['/'] }),
]);
const recording = [
  { record: 'job:a:rate5m', expr: 'sum by (job) (rate(a_total[5m]))', labels: { made: 'here' } },
  { record: 'loop:b', expr: 'loop:b + b', labels: {} },
];
const series = new SeriesIndex(catalog, recording, { jobs: ['one', 'two'] });

function infer(expr: string) {
  const { labels, sources, problems } = inferLabels(parsePromql(expr), series);
  return { labels: [...labels.keys()].sort().join(), sources: [...sources], problems };
}

describe('inferLabels', () => {
  it.each([
    ['a_total', 'instance,job,kind'],
    ['rate(a_total{kind="x"}[5m] offset 1h)', 'instance,job,kind'],
    ['sum(a_total)', ''],
    ['sum by (kind) (a_total)', 'kind'],
    ['sum without (kind) (a_total)', 'instance,job'],
    ['sum(a_total) by (job)', 'job'],
    ['topk by (job) (3, a_total)', 'instance,job,kind'],
    ['h_seconds_bucket', 'instance,job,le,route'],
    ['h_seconds_count', 'instance,job,route'],
    ['histogram_quantile(0.9, sum by (le, job) (rate(h_seconds_bucket[5m])))', 'job'],
    ['job:a:rate5m', 'job,made'],
    ['time() - b', 'instance,job'],
    ['scalar(b) - b', 'instance,job'],
    ['-b > 5', 'instance,job'],
    ['absent(b)', ''],
    ['max_over_time((time() - b)[5m:15s])', 'instance,job'],
    ['a_total and on (job) job:a:rate5m', 'instance,job,kind'],
    ['a_total / on (job) group_left (made) job:a:rate5m', 'instance,job,kind,made'],
    ['sum by (job) (b) / on (job) job:a:rate5m', 'job'],
    ['a_total / ignoring (kind) group_left () b', 'instance,job,kind'],
    ['label_replace(b, "host", "$1", "instance", "(.*):.*")', 'host,instance,job'],
    ['b or vector(0)', 'instance,job'],
    ['ALERTS{alertstate="firing"}', 'alertname,alertstate,instance,job,severity'],
  ])('%s has {%s}', (expr, labels) => {
    expect(infer(expr)).toMatchObject({ labels, problems: [] });
  });

  it('says what it was made of', () => {
    expect(infer('job:a:rate5m / on () group_left () sum(h_seconds_sum)').sources).toEqual([
      'job:a:rate5m',
      'h_seconds',
    ]);
  });

  it('ends with a rule that reads itself', () => {
    expect(infer('loop:b').problems).toEqual([]);
  });

  it.each([
    ['h_seconds', 'no metric h_seconds'],
    ['b_count', 'no metric b_count'],
    ['a_total{kind!~"x|z"}', 'a_total never has kind="z"'],
    ['a_total{job="three"}', 'a_total never has job="three"'],
    ['b{kind="x"}', 'b has no label kind'],
    ['sum by (kind) (b)', 'nothing has the label kind to group by'],
    ['sum without (kind) (b)', 'nothing has the label kind to group by'],
    ['a_total / b', 'sides that never match: by {instance,job,kind} and by {instance,job}'],
    ['b and vector(1)', 'sides that never match: by {instance,job} and by {}'],
    ['b / on (kind) b', 'no label kind to match'],
    ['a_total * ignoring (kind) group_left (host) b', 'no label host to take over'],
  ])('%s: %s', (expr, problem) => {
    expect(infer(expr).problems).toEqual([problem]);
  });
});

describe('parsePromql', () => {
  it.each(['', 'b{', 'sum(b', 'b >', 'rate(b[5m)', '))'])('refuses %p', (text) => {
    expect(() => parsePromql(text)).toThrow(PromqlError);
  });

  it("takes Grafana's durations", () => {
    expect(() => parsePromql('rate(b[$__rate_interval]) + rate(b[$__range])')).not.toThrow();
    expect(() => parsePromql('rate(b[$other])')).toThrow(PromqlError);
  });
});

describe('comparisonOf', () => {
  it.each([
    ['b > 0.5', 'b', '>', 0.5],
    ['sum(a_total) / b <= 1e3', 'sum(a_total) / b', '<=', 1000],
    ['(b < 2) == 0 and b >= 20 unless a_total', '(b < 2)', '==', 0],
  ])('%s', (expr, quantity, operator, threshold) => {
    expect(comparisonOf(expr)).toEqual({ quantity, operator, threshold });
  });

  it.each(['b', 'b > a_total', 'b + 5', '5', 'b or a_total > 1'])('refuses %s', (expr) => {
    expect(() => comparisonOf(expr)).toThrow('expected a comparison with a number');
  });
});

describe('withMatcher', () => {
  it('puts it on every selector', () => {
    expect(withMatcher('sum(a_total{kind="x"}) / rate(b[5m]) - (b{} > 0)', 'job="one"')).toBe(
      'sum(a_total{kind="x", job="one"}) / rate(b{job="one"}[5m]) - (b{job="one"} > 0)',
    );
  });
});
