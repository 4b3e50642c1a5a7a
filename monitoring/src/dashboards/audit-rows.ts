import { chosen, type AlertPanels, type RowSpec } from './model.ts';

export function auditRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Does what is kept get where it should?',
    panels: [
      alerts.of(
        'TopsVerifierHeadAnchorFailures',
        {
          title: 'How many heads did not get outside?',
          description: 'In an hour.',
          ...{ unit: 'short', legend: '{{instance}} {{target}}', width: 8 },
        },
        { scope: chosen },
      ),
      {
        title: 'How many heads did?',
        description: 'In an hour.',
        unit: 'short',
        width: 8,
        queries: [
          {
            expr: `increase(tops_verifier_head_anchors_total{${chosen}}[1h])`,
            legend: '{{instance}} {{target}}',
          },
        ],
      },
      alerts.of(
        'TopsVerifierRetentionFailures',
        {
          title: 'Does archiving fail?',
          description: 'Rounds in 15 minutes.',
          ...{ unit: 'short', legend: '{{instance}}', width: 8 },
        },
        { scope: chosen },
      ),
      {
        title: 'How many receipts were moved into archives?',
        description: 'In an hour.',
        unit: 'short',
        width: 8,
        queries: [
          {
            expr: `increase(tops_verifier_rolled_receipts_total{${chosen}}[1h])`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'How much evidence is kept?',
        unit: 'bytes',
        width: 8,
        queries: [{ expr: `tops_verifier_evidence_kept_bytes{${chosen}}`, legend: '{{instance}}' }],
      },
      {
        title: 'How many proofs is that, and how many were deleted?',
        unit: 'short',
        width: 8,
        queries: [
          { expr: `tops_verifier_evidence_kept{${chosen}}`, legend: '{{instance}} kept' },
          {
            expr: `increase(tops_verifier_evidence_deleted_total{${chosen}}[1h])`,
            legend: '{{instance}} deleted in an hour',
          },
        ],
      },
    ],
  };
}

export function adminRow(alerts: AlertPanels): RowSpec {
  return {
    title: 'Who operates it?',
    panels: [
      alerts.of(
        'TopsVerifierAdminAuthFailures',
        {
          title: 'Who tries the admin API without its token?',
          description: 'Requests in ten minutes.',
          ...{ unit: 'short', legend: '{{instance}}' },
        },
        { scope: chosen },
      ),
      {
        title: 'Which acts were recorded?',
        description: 'In an hour; who and why is in the log of acts.',
        unit: 'short',
        queries: [
          {
            expr: `increase(tops_verifier_admin_acts_total{${chosen}}[1h]) > 0`,
            legend: '{{instance}} {{act}}',
          },
        ],
      },
    ],
  };
}
