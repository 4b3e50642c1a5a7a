import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { checkAll } from '../src/checks/check-all.ts';
import type { CheckInputs } from '../src/checks/inputs.ts';
import { loadInputs } from '../src/load-inputs.ts';
import {
  alertMistakes,
  dashboardMistakes,
  expressionMistakes,
  leftOvers,
  usageMistakes,
} from './mistakes.ts';

let real: CheckInputs;
beforeAll(async () => {
  real = await loadInputs(fileURLToPath(new URL('../../', import.meta.url)));
});

describe('what monitoring:check finds', () => {
  it('is nothing in the repository as it is', () => {
    expect(checkAll(real)).toEqual([]);
    expect(real.rules.alerts.length).toBeGreaterThan(15);
  });

  it.each([...expressionMistakes, ...usageMistakes, ...leftOvers])(
    '%s',
    (_name, change, problem) => {
      expect(checkAll(change(real))).toContain(problem);
    },
  );

  it.each(alertMistakes)('of an alert, %s', (_name, change, problem) => {
    const problems = checkAll(change(real));
    expect(problems.filter((one) => one.startsWith('alert TopsWorkerDown: '))).toContainEqual(
      expect.stringContaining(problem),
    );
  });

  it.each(dashboardMistakes)('of a dashboard, %s', (_name, change, problem) => {
    expect(checkAll(change(real)).some((one) => one.endsWith(problem))).toBe(true);
  });
});
