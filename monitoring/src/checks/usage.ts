import type { CheckInputs, UnseenMetrics } from './inputs.ts';

/** Nothing is exposed that nobody sees, nothing recorded that nobody reads, nothing excused that needs no excuse. */
export function checkUsage(inputs: CheckInputs, read: ReadonlySet<string>): string[] {
  const { catalog, rules, unseen } = inputs;
  const isOf = ({ name }: UnseenMetrics, metric: string) =>
    name.endsWith('*') ? metric.startsWith(name.slice(0, -1)) : metric === name;
  const notRead = [...catalog.keys()].filter((name) => !read.has(name));
  const shown = notRead
    .filter((name) => !unseen.some((entry) => isOf(entry, name)))
    .map((name) => `${name}: exposed, but no rule and no dashboard shows it`);
  const recorded = rules.recording
    .filter(({ record }) => !read.has(record))
    .map(({ record }) => `${record}: recorded, but nothing reads it`);
  const excused = unseen
    .filter((entry) => !notRead.some((name) => isOf(entry, name)))
    .map(({ name }) => `${name}: excused, but shown or not exposed`);
  return [...shown, ...recorded, ...excused];
}
