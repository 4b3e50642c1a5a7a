import { chosen, type RowSpec } from './model.ts';

/** prom-client's own figures: what the process takes of its machine. */
export function processRow(): RowSpec {
  return {
    title: 'What does it take of its machine?',
    panels: [
      {
        title: 'How many cores does it use?',
        unit: 'none',
        width: 8,
        queries: [
          {
            expr: `rate(process_cpu_seconds_total{${chosen}}[$__rate_interval])`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'How much memory does it hold?',
        unit: 'bytes',
        width: 8,
        queries: [
          { expr: `process_resident_memory_bytes{${chosen}}`, legend: '{{instance}}' },
          { expr: `nodejs_heap_size_used_bytes{${chosen}}`, legend: '{{instance}} JavaScript' },
        ],
      },
      {
        title: 'How long does its event loop wait?',
        unit: 's',
        width: 8,
        queries: [
          { expr: `nodejs_eventloop_lag_p99_seconds{${chosen}}`, legend: '{{instance}} p99' },
        ],
      },
    ],
  };
}
