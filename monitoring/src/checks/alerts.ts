import { comparisonOf } from '../promql/edit.ts';
import { PromqlError } from '../promql/parse.ts';
import type { AlertRule } from '../rules.ts';
import type { CheckInputs } from './inputs.ts';

const severities = ['critical', 'warning'];
const runbookPath = 'docs/runbook.md';

/** Each alert says what an operator needs, leads to its section of the runbook, and was seen both silent and firing. */
export function checkAlerts(inputs: CheckInputs): string[] {
  const { rules, tests, dashboards, runbook } = inputs;
  const sections = sectionsOf(runbook);
  const drawn = new Set(
    dashboards.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.map(({ alert }) => alert?.name)),
    ),
  );
  const problems = rules.alerts.flatMap((rule) => {
    const isSeen = (isFiring: boolean) =>
      tests.alerts.some((test) => test.alert === rule.alert && test.isFiring === isFiring);
    return [
      ...describedProblems(rule),
      ...runbookProblems(rule, sections),
      ...comparisonProblems(rule),
      ...(isSeen(true) ? [] : ['no promtool test sees it fire']),
      ...(isSeen(false) ? [] : ['no promtool test sees it silent']),
      ...(drawn.has(rule.alert) ? [] : ['no dashboard draws what it compares']),
    ].map((problem) => `alert ${rule.alert}: ${problem}`);
  });
  return [...problems, ...strangers(inputs, sections)];
}

/** Anchors of a document's headings, as repository hosts make them. */
export function sectionsOf(markdown: string): string[] {
  const withoutCode = markdown.replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...withoutCode.matchAll(/^#+ +(.+?) *$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(/\s/g, '-'),
  );
}

function describedProblems({ labels, annotations }: AlertRule): string[] {
  const { severity = 'none' } = labels;
  const { summary = '', description = '' } = annotations;
  return [
    ...(severities.includes(severity)
      ? []
      : [`expected a severity of ${severities.join(', ')}, got ${severity}`]),
    ...(summary === '' ? ['no summary'] : []),
    ...(description === '' ? ['no description'] : []),
  ];
}

function runbookProblems({ alert, annotations }: AlertRule, sections: readonly string[]): string[] {
  const wanted = `${runbookPath}#${alert.toLowerCase()}`;
  const { runbook_url: link = 'none' } = annotations;
  if (link !== wanted) return [`expected the runbook link ${wanted}, got ${link}`];
  return sections.includes(alert.toLowerCase()) ? [] : [`no section in ${runbookPath}`];
}

/** Dashboards draw the number, so there has to be one. */
function comparisonProblems({ expr }: AlertRule): string[] {
  try {
    comparisonOf(expr);
    return [];
  } catch (error) {
    if (error instanceof PromqlError) return [error.message];
    throw error;
  }
}

/** What is left of alerts that are no more, links included. */
function strangers({ rules, tests, runbook }: CheckInputs, sections: readonly string[]): string[] {
  const names = rules.alerts.map(({ alert }) => alert);
  const anchors = names.map((name) => name.toLowerCase());
  const stale = sections.filter((anchor) => anchor.startsWith('tops') && !anchors.includes(anchor));
  const dangling = [...runbook.matchAll(/\]\(#([^)]*)\)/g)].filter(
    ([, anchor = '']) => !sections.includes(anchor),
  );
  const untested = rules.recording
    .map(({ record }) => record)
    .filter((record) => !tests.expressions.some((expr) => expr.includes(record)));
  return [
    ...dangling.map(([, anchor]) => `${runbookPath}: no section #${anchor}`),
    ...stale.map((anchor) => `${runbookPath}#${anchor}: a section of no alert`),
    ...new Set(
      tests.alerts
        .filter((test) => !names.includes(test.alert))
        .map((test) => `alert ${test.alert}: tested, but there is none`),
    ),
    ...untested.map((record) => `rule ${record}: no promtool test asks its value`),
    ...duplicates([...names, ...rules.recording.map(({ record }) => record)]),
  ];
}

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `${name}: defined twice`,
  );
}
