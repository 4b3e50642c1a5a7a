import {
  type Change,
  type Mistake,
  withAlert,
  withAnnotation,
  withFamily,
  withPanel,
  withQuery,
  withRecord,
} from './changes.ts';

const errors = 'tops_worker_errors_total';
const rate = 'instance:tops_worker_attempts:rate5m';
const panel = 'tops-worker, "Can it be read?"';

export const expressionMistakes: readonly Mistake[] = [
  [
    'a metric that the apps no longer expose',
    withFamily(errors, () => undefined),
    `rule instance:tops_worker_errors_per_attempt:ratio_rate5m: no metric ${errors}`,
  ],
  [
    'the same in a panel',
    withFamily(errors, () => undefined),
    `tops-worker, "What kind of errors?": no metric ${errors}`,
  ],
  [
    'a label that a metric no longer has',
    withFamily(errors, (family) => ({ ...family, labels: new Map() })),
    'tops-worker, "What kind of errors?": nothing has the label kind to group by',
  ],
  [
    'a label value that is no more',
    withFamily('tops_worker_attempts_total', (family) => ({
      ...family,
      labels: new Map([['outcome', ['accepted', 'skipped']]]),
    })),
    `rule ${rate}: tops_worker_attempts_total never has outcome="aborted"`,
  ],
  [
    'a label to match that a metric does not have',
    withRecord(rate, () => ({ expr: 'rate(tops_worker_attempts_total{reason="x"}[5m])' })),
    `rule ${rate}: tops_worker_attempts_total has no label reason`,
  ],
  [
    'a pattern that no value fits',
    withQuery('tops_worker_circuit_state{state=~"half.+x", instance=~"$instance"}'),
    `${panel}: tops_worker_circuit_state never has state="half.+x"`,
  ],
  [
    'a scrape job that is called otherwise',
    (inputs) => ({ ...inputs, jobs: ['worker', 'tops-verifier'] }),
    'alert TopsWorkerDown: up never has job="tops-worker"',
  ],
  [
    'a histogram by its bare name',
    withQuery('tops_worker_attempt_seconds{instance=~"$instance"}'),
    `${panel}: no metric tops_worker_attempt_seconds`,
  ],
  [
    'buckets of a counter',
    withQuery('tops_worker_ops_total_bucket{instance=~"$instance"}'),
    `${panel}: no metric tops_worker_ops_total_bucket`,
  ],
  [
    'a quantile of what has no buckets',
    withQuery('histogram_quantile(0.5, tops_worker_epoch{instance=~"$instance"})'),
    `${panel}: histogram_quantile of something without the label le`,
  ],
  [
    'a record that is recorded no more',
    withRecord(rate, () => ({ record: `${rate}x` })),
    `rule instance:tops_worker_errors_per_attempt:ratio_rate5m: no metric ${rate}`,
  ],
  [
    'a record that lost a label',
    withRecord(rate, ({ expr }) => ({ expr: `sum by (job) (${expr})` })),
    'rule instance:tops_worker_errors_per_attempt:ratio_rate5m: sides that never match: by {instance,job} and by {job}',
  ],
  [
    'a series of any name',
    withQuery('{instance=~"$instance"}'),
    `${panel}: a selector without a metric name`,
  ],
  [
    'what is no PromQL',
    withQuery('sum(up{instance=~"$instance"}'),
    `${panel}: expected PromQL, got "" at 30 of: sum(up{instance=~"$instance"}`,
  ],
  [
    'a legend with a label that is summed away',
    withQuery('sum(up{instance=~"$instance"})'),
    `${panel}: its text names the label instance, which the result does not have`,
  ],
  [
    'an annotation with a label that the alert does not have',
    withAnnotation({ summary: '{{ $labels.pod }} is down' }),
    'alert TopsWorkerDown: its text names the label pod, which the result does not have',
  ],
];

export const usageMistakes: readonly Mistake[] = [
  [
    'a metric that nobody sees',
    (inputs) => {
      const name = 'tops_worker_new_total';
      const family = { name, type: 'counter', labels: new Map() } as const;
      return { ...inputs, catalog: new Map([...inputs.catalog, [name, family]]) };
    },
    'tops_worker_new_total: exposed, but no rule and no dashboard shows it',
  ],
  [
    'a record that nobody reads',
    (inputs) => {
      const unread = { record: 'job:tops_unread:count', expr: 'count by (job) (up)', labels: {} };
      const recording = [...inputs.rules.recording, unread];
      return { ...inputs, rules: { ...inputs.rules, recording } };
    },
    'job:tops_unread:count: recorded, but nothing reads it',
  ],
  [
    'an excuse for what is shown',
    (inputs) => ({ ...inputs, unseen: [...inputs.unseen, { name: errors, reason: 'none' }] }),
    `${errors}: excused, but shown or not exposed`,
  ],
];

export const alertMistakes: readonly Mistake[] = [
  [
    'a severity of its own',
    withAlert('TopsWorkerDown', () => ({ labels: { severity: 'page' } })),
    'expected a severity of critical, warning, got page',
  ],
  ['no severity', withAlert('TopsWorkerDown', () => ({ labels: {} })), 'got none'],
  ['no summary', withAnnotation({ summary: '' }), 'no summary'],
  ['no description', withAnnotation({ description: '' }), 'no description'],
  [
    'a link elsewhere',
    withAnnotation({ runbook_url: 'docs/runbook.md#topsverifierdown' }),
    'expected the runbook link docs/runbook.md#topsworkerdown, got docs/runbook.md#topsverifierdown',
  ],
  [
    'no section of the runbook',
    (inputs) => ({ ...inputs, runbook: inputs.runbook.replace('## TopsWorkerDown', '##') }),
    'no section in docs/runbook.md',
  ],
  [
    'no threshold',
    withAlert('TopsWorkerDown', () => ({ expr: 'up{job="tops-worker"} < up' })),
    'expected a comparison with a number, got: up{job="tops-worker"} < up',
  ],
  ...[true, false].map(
    (isFiring) =>
      [
        `no test that sees it ${isFiring ? 'fire' : 'silent'}`,
        ((inputs) => {
          const alerts = inputs.tests.alerts.filter(
            (test) => test.alert !== 'TopsWorkerDown' || test.isFiring !== isFiring,
          );
          return { ...inputs, tests: { ...inputs.tests, alerts } };
        }) satisfies Change,
        `no promtool test sees it ${isFiring ? 'fire' : 'silent'}`,
      ] as const,
  ),
  [
    'no panel',
    (inputs) => ({
      ...inputs,
      dashboards: inputs.dashboards.filter(({ uid }) => uid !== 'tops-worker'),
    }),
    'no dashboard draws what it compares',
  ],
];

export const leftOvers: readonly Mistake[] = [
  [
    'a section of an alert that is no more',
    (inputs) => ({ ...inputs, runbook: `${inputs.runbook}\n## TopsGone\n` }),
    'docs/runbook.md#topsgone: a section of no alert',
  ],
  [
    'a link to a section that is no more',
    (inputs) => ({ ...inputs, runbook: `${inputs.runbook}\n[TopsGone](#topsgone)\n` }),
    'docs/runbook.md: no section #topsgone',
  ],
  [
    'a test of an alert that is no more',
    (inputs) => {
      const alerts = [...inputs.tests.alerts, { alert: 'TopsGone', isFiring: true }];
      return { ...inputs, tests: { ...inputs.tests, alerts } };
    },
    'alert TopsGone: tested, but there is none',
  ],
  [
    'a record without a test',
    (inputs) => ({ ...inputs, tests: { ...inputs.tests, expressions: [] } }),
    `rule ${rate}: no promtool test asks its value`,
  ],
  [
    'a rule that is there twice',
    (inputs) => {
      const recording = [...inputs.rules.recording, ...inputs.rules.recording.slice(0, 1)];
      return { ...inputs, rules: { ...inputs.rules, recording } };
    },
    'job:tops_targets:count: defined twice',
  ],
];

export const dashboardMistakes: readonly Mistake[] = [
  ['a title that asks nothing', withPanel({ title: 'Up' }), 'tops-worker: "Up" is no question'],
  [
    'a question that is there twice',
    withPanel({ title: 'What kind of errors?' }),
    'tops-worker: "What kind of errors?" is asked twice',
  ],
  ['a panel without a query', withPanel({ queries: [] }), '"Can it be read?" asks nothing'],
  [
    'a panel that shows everyone',
    withQuery('up{job="tops-worker"}'),
    'tops-worker: "Can it be read?" does not heed the chosen instances',
  ],
  [
    'two dashboards of one name',
    (inputs) => ({ ...inputs, dashboards: [...inputs.dashboards, ...inputs.dashboards] }),
    'tops-fleet: its uid is taken',
  ],
  [
    'instances of a job that is not scraped',
    (inputs) => ({ ...inputs, jobs: ['tops-verifier'] }),
    'tops-worker: no scrape job tops-worker',
  ],
];
