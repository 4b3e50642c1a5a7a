import { describe, expect, it } from '@jest/globals';
import { Counter, Gauge, Registry, Summary } from 'prom-client';
import { createMetrics, findMetricsProblems, metricNameProblem } from './index.ts';

describe('createMetrics', () => {
  it('collects the default process metrics once a registry, two registries apart', async () => {
    const first = createMetrics({ prefix: 'tops_worker_' });
    const second = createMetrics({ prefix: 'tops_verifier_' });
    first.counter({ name: 'attempts_total', help: 'Attempts.' }).inc();
    expect(await first.registry.metrics()).toContain('process_cpu_seconds_total');
    expect(await first.registry.metrics()).toContain('tops_worker_attempts_total 1');
    expect(await second.registry.metrics()).not.toContain('tops_worker_');
  });

  it('starts every label combination at zero and counts typed labels', async () => {
    const metrics = createMetrics({ prefix: 'tops_', defaultMetrics: false });
    const receipts = metrics.counter({
      name: 'receipts_total',
      help: 'Receipts.',
      labels: { outcome: ['accepted', 'rejected'], kind: ['a', 'b'] },
    });
    const open = metrics.gauge({ name: 'open_challenges', help: 'Open.' });
    const seconds = metrics.histogram({ name: 'verify_seconds', help: 'Time.', buckets: [0.1, 1] });
    receipts.inc({ outcome: 'accepted', kind: 'a' }, 3);
    open.set(4);
    seconds.observe(0.5);
    const text = await metrics.registry.metrics();
    expect(text).toContain('tops_receipts_total{outcome="accepted",kind="a"} 3');
    expect(text).toContain('tops_receipts_total{outcome="rejected",kind="b"} 0');
    expect(text).toContain('tops_open_challenges 4');
    expect(text).toContain('tops_verify_seconds_bucket{le="1"} 1');
    expect(text).toContain('tops_verify_seconds_bucket{le="0.1"} 0');
  });

  it('keeps label sets closed: unknown values throw, or count as other where there is one', async () => {
    const metrics = createMetrics({ prefix: 'tops_', defaultMetrics: false });
    const strict = metrics.counter({ name: 'a_total', help: 'Help.', labels: { code: ['x'] } });
    const open = metrics.counter({
      name: 'b_total',
      help: 'Help.',
      labels: { code: ['x', 'other'] },
    });
    expect(() => strict.inc({ code: 'y' as 'x' })).toThrow('code is not one of x');
    expect(() => strict.inc({ code: 'x' })).not.toThrow();
    open.inc({ code: 'y' as 'x' });
    expect(await metrics.registry.metrics()).toContain('tops_b_total{code="other"} 1');
  });
});

describe('metricNameProblem', () => {
  it.each([
    ['tops_attempts', 'counter'],
    ['tops_open_total', 'gauge'],
    ['tops_submit_ms', 'histogram'],
    ['tops_memory_mib', 'gauge'],
    ['tops_memory_mib_used', 'gauge'],
    ['topsAttempts_total', 'counter'],
  ] as const)('refuses %s as a %s', (name, kind) => {
    expect(metricNameProblem(name, kind)).toContain(name);
    const metrics = createMetrics({ defaultMetrics: false });
    const options = { name, help: 'Help.', buckets: [1] };
    expect(() => metrics[kind](options)).toThrow(name);
  });

  it.each([
    ['tops_attempts_total', 'counter'],
    ['tops_attempt_seconds_total', 'counter'],
    ['tops_open', 'gauge'],
    ['tops_submit_seconds', 'histogram'],
  ] as const)('takes %s as a %s', (name, kind) => {
    expect(metricNameProblem(name, kind)).toBeUndefined();
  });
});

describe('findMetricsProblems', () => {
  it('finds foreign names, identities in labels and too many series, and nothing in a good registry', async () => {
    const good = createMetrics({ prefix: 'tops_worker_' });
    good.counter({ name: 'a_total', help: 'Help.', labels: { outcome: ['accepted'] } });
    expect(await findMetricsProblems(good.registry, { prefix: 'tops_worker_' })).toEqual([]);

    const bad = createMetrics({ prefix: 'other_', defaultMetrics: false });
    bad.gauge({ name: 'a', help: 'Help.', labels: { key: ['ab'.repeat(32)] } });
    bad.gauge({
      name: 'b',
      help: 'Help.',
      labels: { i: Array.from({ length: 201 }, (_, i) => `${i}`) },
    });
    expect(await findMetricsProblems(bad.registry, { prefix: 'tops_worker_' })).toEqual([
      'other_a: does not start with tops_worker_',
      'other_a: label key holds an identity',
      'other_b: does not start with tops_worker_',
      'other_b: 201 series',
    ]);
  });

  it('finds names against the rules, which createMetrics alone would not let through', async () => {
    const registry = new Registry();
    const registers = [registry];
    for (const name of ['tops_attempts', 'tops_wait_seconds_total', 'tops_sent_kb_total'])
      new Counter({ name, help: 'Help.', registers });
    for (const name of ['tops_open_total', 'tops_heap_bytes', 'tops_age_ms'])
      new Gauge({ name, help: 'Help.', registers });
    for (const name of ['tops_delay_milliseconds', 'tops_delay_seconds'])
      new Summary({ name, help: 'Help.', registers });
    expect(await findMetricsProblems(registry, { prefix: 'tops_' })).toEqual([
      'tops_attempts: a counter ends in _total',
      'tops_sent_kb_total: base units only (seconds, bytes, ratio)',
      'tops_open_total: only counters end in _total',
      'tops_age_ms: base units only (seconds, bytes, ratio)',
      'tops_delay_milliseconds: base units only (seconds, bytes, ratio)',
    ]);
  });
});
