import { expect, it } from '@jest/globals';
import { createMetrics } from './metrics.ts';
import { renderMetricsMarkdown } from './metrics-markdown.ts';

it('renders every metric with its type, its closed labels and its meaning', async () => {
  const metrics = createMetrics({ prefix: 'tops_', defaultMetrics: false });
  metrics.counter({
    name: 'faults_total',
    help: 'Faults a|b.',
    labels: { kind: ['lost', 'hang'], where: ['x'] },
  });
  metrics.histogram({ name: 'wait_seconds', help: 'Waits.', buckets: [1, 2] });
  const codes = Array.from({ length: 17 }, (_, i) => `code_${i}`);
  metrics.gauge({ name: 'state', help: 'States.', labels: { code: codes } });
  const text = await renderMetricsMarkdown([
    { title: 'Thing', intro: 'An intro.', registry: metrics.registry },
    { title: 'Other', registry: createMetrics({ defaultMetrics: false }).registry },
  ]);
  expect(text.split('\n')).toEqual([
    '## Thing',
    '',
    'An intro.',
    '',
    '| Metric | Type | Labels | Meaning |',
    '| --- | --- | --- | --- |',
    '| `tops_faults_total` | counter | kind: lost, hang; where: x | Faults a\\|b. |',
    '| `tops_wait_seconds` | histogram |  | Waits. |',
    '| `tops_state` | gauge | code: one of 17 | States. |',
    '',
    '## Other',
    '',
    '| Metric | Type | Labels | Meaning |',
    '| --- | --- | --- | --- |',
    '',
  ]);
});
