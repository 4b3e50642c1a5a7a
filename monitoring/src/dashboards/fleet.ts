import type { AlertPanels, DashboardSpec, RowSpec } from './model.ts';

export function fleetDashboard(alerts: AlertPanels): DashboardSpec {
  return {
    uid: 'tops-fleet',
    title: 'tops: fleet',
    description: 'All verifiers and workers together: whether work is done, accepted and credited.',
    rows: [alarmRow(alerts), earnRow(alerts), epochRow()],
  };
}

function alarmRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Is anything wrong?',
    panels: [
      {
        title: 'Which alerts fire?',
        unit: 'short',
        queries: [
          {
            expr: 'count by (alertname, severity) (ALERTS{alertname=~"Tops.+", alertstate="firing"})',
            legend: '{{alertname}} ({{severity}})',
          },
        ],
      },
      {
        title: 'Which targets can be read?',
        unit: 'short',
        queries: [{ expr: 'up{job=~"tops-.+"}', legend: '{{job}} {{instance}}' }],
      },
      alerts.of('TopsTargetsMissing', {
        title: 'How many targets are gone?',
        description: 'Against the median of an hour.',
        unit: 'short',
        legend: '{{job}}',
      }),
      alerts.of('TopsTargetRestarting', {
        title: 'Who keeps restarting?',
        description: 'Starts in 15 minutes.',
        unit: 'short',
        legend: '{{job}} {{instance}}',
      }),
    ],
  };
}

function earnRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Does the fleet earn?',
    panels: [
      {
        title: 'How much work is credited, and how much computed?',
        unit: 'si:op/s',
        queries: [
          { expr: 'job:tops_verifier_credited_ops:rate5m', legend: 'credited by {{job}}' },
          {
            expr: 'sum by (job) (instance:tops_worker_ops:rate5m)',
            legend: 'computed by {{job}}',
          },
          {
            expr: 'sum by (job) (instance:tops_worker_credited_ops:rate5m)',
            legend: 'credited to {{job}}',
          },
        ],
      },
      {
        title: 'How do receipts end?',
        unit: 'cps',
        queries: [{ expr: 'job_outcome:tops_verifier_receipts:rate5m', legend: '{{outcome}}' }],
      },
      alerts.of('TopsFleetLowAcceptance', {
        title: 'What share of the receipts is accepted?',
        description: 'Of those that ended over 15 minutes.',
        unit: 'percentunit',
        legend: '{{job}}',
      }),
      alerts.of('TopsFleetNoAcceptedReceipts', {
        title: 'Are receipts accepted at all?',
        description: 'In ten minutes.',
        unit: 'short',
        legend: '{{job}}',
      }),
      {
        title: 'How many verdicts is that share of?',
        description: 'In 15 minutes; a share of fewer than 20 raises no alert.',
        unit: 'short',
        queries: [{ expr: 'job:tops_verifier_verdicts:increase15m', legend: '{{job}}' }],
      },
      {
        title: 'How fast is each worker?',
        unit: 'si:op/s',
        queries: [{ expr: 'tops_worker_compute_ops_per_second', legend: '{{instance}}' }],
      },
    ],
  };
}

function epochRow(): RowSpec {
  return {
    title: 'Does everyone work on the same epoch?',
    panels: [
      {
        title: 'How many epochs is each worker behind?',
        description: 'For a moment after an epoch opens, all are.',
        unit: 'none',
        queries: [
          {
            expr: 'scalar(max(tops_verifier_epoch)) - tops_worker_epoch',
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Does a native kernel do without its addon?',
        description: 'WebAssembly took its place; nothing is wrong but the speed.',
        unit: 'short',
        queries: [
          {
            expr: 'tops_worker_kernel_fallbacks_total > 0',
            legend: '{{instance}} {{reason}}',
          },
          {
            expr: 'tops_verifier_kernel_fallbacks_total > 0',
            legend: '{{instance}} {{reason}}',
          },
        ],
      },
    ],
  };
}
