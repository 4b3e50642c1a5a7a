import { describe, expect, it } from '@jest/globals';
import { factsOfApps } from '../src/facts.ts';
import { rules } from '../src/rules/index.ts';
import { checkRendering } from '../src/validate.ts';
import { admissionBreaks } from './breaks/admission-breaks.ts';
import { exposureBreaks } from './breaks/exposure-breaks.ts';
import { objectBreaks } from './breaks/object-breaks.ts';
import { operationBreaks } from './breaks/operation-breaks.ts';
import { partBreaks } from './breaks/part-breaks.ts';
import { podBreaks } from './breaks/pod-breaks.ts';
import { podPartBreaks } from './breaks/pod-part-breaks.ts';
import { referenceBreaks } from './breaks/reference-breaks.ts';
import { settingBreaks } from './breaks/setting-breaks.ts';
import { wiringBreaks } from './breaks/wiring-breaks.ts';
import { broken, renderingOf } from './rendered.ts';

const facts = factsOfApps();
const breaks = [
  ...objectBreaks,
  ...referenceBreaks,
  ...podBreaks,
  ...settingBreaks,
  ...exposureBreaks,
  ...operationBreaks,
  ...partBreaks,
  ...podPartBreaks,
  ...admissionBreaks,
  ...wiringBreaks,
];

function failedRules(rendering: Parameters<typeof checkRendering>[0]): string[] {
  return [...new Set(checkRendering(rendering, facts).map((line) => line.split(':')[0] ?? ''))];
}

describe('rules', () => {
  it.each(['staging', 'production', 'autoscaling-custom'])(
    'find nothing in %s as it is',
    (name) => {
      expect(checkRendering(renderingOf(name), facts)).toEqual([]);
    },
  );

  it.each(breaks)('$rule alone catches $what in $in', ({ rule, in: name, target, change }) => {
    expect(failedRules(broken(name, target, change))).toEqual([rule]);
  });

  it('each has a manifest that it catches', () => {
    const caught = new Set(breaks.map(({ rule }) => rule));
    expect(rules.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([]);
  });

  it('have names of their own, and reasons', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    expect(rules.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });
});
