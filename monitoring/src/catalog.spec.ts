import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '@tops/observability';
import { readAppCatalog } from './app-catalog.ts';
import { readCatalog } from './catalog.ts';

describe('readCatalog', () => {
  it('lists families with the labels they have, and the values of their own ones', async () => {
    const metrics = createMetrics({ prefix: 'x_' });
    metrics.counter({ name: 'a_total', help: 'a', labels: { kind: ['b', 'c'] } });
    metrics.histogram({ name: 'd_seconds', help: 'd', buckets: [1], labels: { way: ['in'] } });
    const catalog = await readCatalog([{ prefix: 'x_', registry: metrics.registry }]);
    expect(catalog.get('x_a_total')).toEqual({
      name: 'x_a_total',
      type: 'counter',
      labels: new Map([['kind', ['b', 'c']]]),
    });
    expect(catalog.get('x_d_seconds')).toEqual({
      name: 'x_d_seconds',
      type: 'histogram',
      labels: new Map([['way', ['in']]]),
    });
    // Of prom-client's own nobody knows the values before they happen.
    expect(catalog.get('nodejs_gc_duration_seconds')?.labels).toEqual(
      new Map([['kind', undefined]]),
    );
  });
});

describe('readAppCatalog', () => {
  it('holds what both apps serve', async () => {
    const names = [...(await readAppCatalog()).keys()];
    for (const name of [
      'tops_worker_attempts_total',
      'tops_verifier_receipts_total',
      'process_start_time_seconds',
    ])
      expect(names).toContain(name);
  });
});
