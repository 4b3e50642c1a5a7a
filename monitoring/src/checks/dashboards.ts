import type { CheckInputs } from './inputs.ts';

/** Panels are titled by the question they answer, and a dashboard offers each question once. */
export function checkDashboards({ dashboards, jobs }: CheckInputs): string[] {
  const uids = dashboards.map(({ uid }) => uid);
  return dashboards.flatMap(({ uid, instancesOf, rows }, index) => {
    const panels = rows.flatMap((row) => row.panels);
    const titles = panels.map(({ title }) => title);
    return [
      ...(uids.indexOf(uid) === index ? [] : ['its uid is taken']),
      ...(instancesOf === undefined || jobs.includes(instancesOf)
        ? []
        : [`no scrape job ${instancesOf}`]),
      ...panels.flatMap(({ title, queries }, at) => [
        ...(title.endsWith('?') ? [] : [`"${title}" is no question`]),
        ...(titles.indexOf(title) === at ? [] : [`"${title}" is asked twice`]),
        ...(queries.length > 0 ? [] : [`"${title}" asks nothing`]),
        ...(instancesOf === undefined || queries.every(({ expr }) => expr.includes('$instance'))
          ? []
          : [`"${title}" does not heed the chosen instances`]),
      ]),
    ].map((problem) => `${uid}: ${problem}`);
  });
}
