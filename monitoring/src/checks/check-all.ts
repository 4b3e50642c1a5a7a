import { checkAlerts } from './alerts.ts';
import { checkDashboards } from './dashboards.ts';
import { checkExpressions } from './expressions.ts';
import type { CheckInputs } from './inputs.ts';
import { checkUsage } from './usage.ts';

/** Everything that is wrong with rules, dashboards, runbook and tests taken together; an empty list is good. */
export function checkAll(inputs: CheckInputs): string[] {
  const { problems, read } = checkExpressions(inputs);
  return [
    ...problems,
    ...checkUsage(inputs, read),
    ...checkAlerts(inputs),
    ...checkDashboards(inputs),
  ];
}
