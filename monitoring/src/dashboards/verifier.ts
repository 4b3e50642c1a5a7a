import { adminRow, auditRow } from './audit-rows.ts';
import { chosen, type AlertPanels, type DashboardSpec, type RowSpec } from './model.ts';
import { processRow } from './process-row.ts';

export function verifierDashboard(alerts: AlertPanels): DashboardSpec {
  return {
    uid: 'tops-verifier',
    title: 'tops: verifier',
    description: 'One verifier or a few: what they answer, verify, record and seal.',
    instancesOf: 'tops-verifier',
    rows: [
      answerRow(alerts),
      verifyRow(alerts),
      loadRow(),
      ledgerRow(alerts),
      auditRow(alerts),
      adminRow(alerts),
      processRow(),
    ],
  };
}

function answerRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Does it answer?',
    panels: [
      alerts.of(
        'TopsVerifierDown',
        { title: 'Can it be read?', unit: 'short', legend: '{{instance}}', width: 6 },
        { scope: chosen },
      ),
      {
        title: 'How much is it asked?',
        unit: 'reqps',
        width: 6,
        queries: [
          {
            expr: `instance:tops_verifier_http_requests:rate5m{${chosen}}`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'What does it answer?',
        unit: 'reqps',
        queries: [
          {
            expr: `sum by (status) (rate(tops_verifier_http_requests_total{${chosen}}[$__rate_interval])) > 0`,
            legend: '{{status}}',
          },
        ],
      },
      alerts.of(
        'TopsVerifierHighErrorRate',
        { title: 'What share is an error?', unit: 'percentunit', legend: '{{instance}}' },
        { scope: chosen },
      ),
      alerts.of(
        'TopsVerifierOverloaded',
        { title: 'What share is turned away?', unit: 'percentunit', legend: '{{instance}}' },
        { scope: chosen },
      ),
      {
        title: 'Which problems does it name?',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (code) (rate(tops_verifier_problems_total{${chosen}}[$__rate_interval])) > 0`,
            legend: '{{code}}',
          },
        ],
      },
      {
        title: 'How long do receipts and proofs take?',
        description: 'p99 within the buckets 5 ms, 50 ms, 500 ms and 10 s.',
        unit: 's',
        queries: [
          {
            expr: `histogram_quantile(0.99, sum by (route, le) (rate(tops_verifier_http_request_seconds_bucket{route=~"/v1/receipts|/v1/receipts/.+/proof", ${chosen}}[$__rate_interval])))`,
            legend: '{{route}}',
          },
        ],
      },
    ],
  };
}

function verifyRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Does it verify?',
    panels: [
      {
        title: 'How do receipts end?',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (outcome) (rate(tops_verifier_receipts_total{${chosen}}[$__rate_interval]))`,
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'How much does it credit?',
        unit: 'si:op/s',
        queries: [
          {
            expr: `rate(tops_verifier_credited_ops_total{${chosen}}[$__rate_interval])`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'How long is a proof judged?',
        unit: 's',
        queries: [
          {
            expr: `instance:tops_verifier_verify_seconds:mean5m{${chosen}}`,
            legend: '{{instance}} mean',
          },
          {
            expr: `histogram_quantile(0.99, sum by (instance, le) (rate(tops_verifier_verify_seconds_bucket{${chosen}}[$__rate_interval])))`,
            legend: '{{instance}} p99',
          },
        ],
      },
      {
        title: 'How many rows has a challenge?',
        unit: 'none',
        width: 6,
        queries: [
          {
            expr: `rate(tops_verifier_challenge_rows_sum{${chosen}}[$__rate_interval]) / (rate(tops_verifier_challenge_rows_count{${chosen}}[$__rate_interval]) > 0)`,
            legend: '{{instance}} mean',
          },
        ],
      },
      alerts.of(
        'TopsVerifierKernelDisagreement',
        {
          title: 'Did its kernel err?',
          description: 'Rows where the fast kernel contradicted the reference, over an hour.',
          ...{ unit: 'short', legend: '{{instance}}', width: 6 },
        },
        { scope: chosen },
      ),
    ],
  };
}

function loadRow(): RowSpec {
  return {
    title: 'How much waits?',
    panels: [
      {
        title: 'How many proofs are under way?',
        unit: 'short',
        queries: [
          { expr: `tops_verifier_verifications_in_flight{${chosen}}`, legend: '{{instance}}' },
        ],
      },
      {
        title: 'How many challenges are open?',
        unit: 'short',
        queries: [{ expr: `tops_verifier_open_challenges{${chosen}}`, legend: '{{instance}}' }],
      },
    ],
  };
}

function ledgerRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Are epochs kept?',
    panels: [
      alerts.of(
        'TopsVerifierEpochClockDrift',
        {
          title: 'How far is the epoch clock off?',
          description: 'From the clock of Prometheus, one way or the other.',
          ...{ unit: 's', legend: '{{instance}}' },
        },
        { scope: chosen },
      ),
      alerts.of(
        'TopsVerifierEpochsUnsealed',
        { title: 'How many epochs are not sealed?', unit: 'short', legend: '{{instance}}' },
        { scope: chosen },
      ),
      alerts.of(
        'TopsVerifierLedgerErrors',
        {
          title: 'Does the ledger fail?',
          description: 'Errors in two minutes.',
          ...{ unit: 'short', legend: '{{instance}}' },
        },
        { scope: chosen },
      ),
      {
        title: 'What else fails?',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (kind) (rate(tops_verifier_errors_total{${chosen}}[$__rate_interval]))`,
            legend: '{{kind}}',
          },
        ],
      },
    ],
  };
}
