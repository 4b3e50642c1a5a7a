import { chosen, type AlertPanels, type DashboardSpec, type RowSpec } from './model.ts';
import { processRow } from './process-row.ts';

export function workerDashboard(alerts: AlertPanels): DashboardSpec {
  return {
    uid: 'tops-worker',
    title: 'tops: worker',
    description: 'One worker or a few: what they compute, how their attempts end, their GPU.',
    instancesOf: 'tops-worker',
    rows: [earnRow(alerts), attemptRow(alerts), errorRow(alerts), deviceRow(alerts), processRow()],
  };
}

function earnRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Does it earn?',
    panels: [
      alerts.of(
        'TopsWorkerDown',
        { title: 'Can it be read?', unit: 'short', legend: '{{instance}}', width: 6 },
        { scope: chosen },
      ),
      alerts.of(
        'TopsWorkerNoAcceptedReceipts',
        {
          title: 'How many receipts were accepted?',
          description: 'In ten minutes.',
          ...{ unit: 'short', legend: '{{instance}}', width: 6 },
        },
        { scope: chosen },
      ),
      alerts.of(
        'TopsWorkerLowAcceptance',
        {
          title: 'What share of its attempts is accepted?',
          description:
            'Over 15 minutes, of those that a verifier, or the lack of one, had the last word on.',
          ...{ unit: 'percentunit', legend: '{{instance}}' },
        },
        { scope: chosen },
      ),
      {
        title: 'How much does it compute, and what is credited?',
        unit: 'si:op/s',
        queries: [
          {
            expr: `tops_worker_compute_ops_per_second{${chosen}}`,
            legend: '{{instance}} computes',
          },
          {
            expr: `instance:tops_worker_credited_ops:rate5m{${chosen}}`,
            legend: '{{instance}} credited',
          },
          {
            expr: `tops_worker_verified_ops_per_second{${chosen}}`,
            legend: '{{instance}} by the verifier, sealed epochs',
          },
        ],
      },
      {
        title: 'How do its attempts end?',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (outcome) (rate(tops_worker_attempts_total{${chosen}}[$__rate_interval]))`,
            legend: '{{outcome}}',
          },
        ],
      },
    ],
  };
}

function attemptRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'How long does it take?',
    panels: [
      alerts.of(
        'TopsWorkerSlowAttempts',
        {
          title: 'How far from their target are attempts?',
          description: 'Mean time over AUTOTUNE_TARGET_MS; nothing where nothing is scaled.',
          ...{ unit: 'none', legend: '{{instance}}' },
        },
        { scope: chosen },
      ),
      {
        title: 'How long is an attempt computed?',
        unit: 's',
        queries: [
          {
            expr: `instance:tops_worker_attempt_seconds:mean5m{${chosen}}`,
            legend: '{{instance}} mean',
          },
          {
            expr: `histogram_quantile(0.99, sum by (instance, le) (rate(tops_worker_attempt_seconds_bucket{${chosen}}[$__rate_interval])))`,
            legend: '{{instance}} p99',
          },
          { expr: `tops_worker_attempt_target_seconds{${chosen}}`, legend: '{{instance}} target' },
        ],
      },
      {
        title: 'How long until the verdict?',
        description: 'Beyond the deadline of a challenge (10 s by default) nothing is credited.',
        unit: 's',
        queries: ['0.5', '0.99'].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (instance, le) (rate(tops_worker_submit_seconds_bucket{${chosen}}[$__rate_interval])))`,
          legend: `{{instance}} p${Number(quantile) * 100}`,
        })),
      },
      {
        title: 'How many answers wait for their verdict?',
        unit: 'short',
        width: 6,
        queries: [{ expr: `tops_worker_answers_in_flight{${chosen}}`, legend: '{{instance}}' }],
      },
      {
        title: 'How many rows has an attempt?',
        unit: 'short',
        width: 6,
        queries: [{ expr: `tops_worker_attempt_rows{${chosen}}`, legend: '{{instance}}' }],
      },
    ],
  };
}

function errorRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'What goes wrong?',
    panels: [
      alerts.of(
        'TopsWorkerHighErrorRate',
        { title: 'How many errors has an attempt?', unit: 'none', legend: '{{instance}}' },
        { scope: chosen },
      ),
      {
        title: 'What kind of errors?',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (kind) (rate(tops_worker_errors_total{${chosen}}[$__rate_interval]))`,
            legend: '{{kind}}',
          },
        ],
      },
      {
        title: 'Which codes cost attempts?',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (code) (rate(tops_worker_rejected_total{${chosen}}[$__rate_interval])) > 0`,
            legend: '{{code}}',
          },
        ],
      },
      alerts.of(
        'TopsWorkerConsecutiveFailures',
        {
          title: 'How many attempts in a row earned nothing?',
          ...{ unit: 'short', legend: '{{instance}}', width: 6 },
        },
        { scope: chosen },
      ),
      {
        title: 'Does it reach the verifier?',
        description: 'The state of the circuit breaker: closed is good.',
        unit: 'short',
        width: 6,
        queries: [
          { expr: `tops_worker_circuit_state{${chosen}} == 1`, legend: '{{instance}} {{state}}' },
        ],
      },
    ],
  };
}

function deviceRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'How is its GPU?',
    panels: [
      {
        title: 'How fast is the GPU?',
        unit: 'si:op/s',
        queries: [
          { expr: `tops_worker_device_ops_per_second{${chosen}}`, legend: '{{instance}} attempt' },
          {
            expr: `tops_worker_device_gemm_ops_per_second{${chosen}}`,
            legend: '{{instance}} best GEMM',
          },
        ],
      },
      {
        title: 'What of its best rate is reached?',
        description: 'With waiting falling alone: it stalls. Both falling: it is slow.',
        unit: 'percentunit',
        queries: [
          {
            expr: `tops_worker_device_attempt_gemm_ratio{${chosen}}`,
            legend: '{{instance}} in attempts',
          },
          { expr: `tops_worker_device_gemm_ratio{${chosen}}`, legend: '{{instance}} with waiting' },
        ],
      },
      {
        title: 'What share of the time is it in use?',
        unit: 'percentunit',
        queries: [
          {
            expr: `sum without (clock) (rate(tops_worker_device_seconds_total{${chosen}}[$__rate_interval]))`,
            legend: '{{instance}}',
          },
        ],
      },
      alerts.of(
        'TopsWorkerDeviceFaults',
        {
          title: 'How often does it fail?',
          description: 'In an hour.',
          ...{ unit: 'short', legend: '{{instance}}', width: 6 },
        },
        { scope: chosen },
      ),
      alerts.of(
        'TopsWorkerDeviceGivenUp',
        {
          title: 'Was it opened again?',
          ...{ unit: 'short', legend: '{{instance}} gave up', width: 6 },
        },
        {
          scope: chosen,
          others: [
            {
              expr: `tops_worker_device_resets_total{outcome!="gave_up", ${chosen}}`,
              legend: '{{instance}} {{outcome}}',
            },
          ],
        },
      ),
    ],
  };
}
