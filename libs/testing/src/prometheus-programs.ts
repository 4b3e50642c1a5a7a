import { spawnSync } from 'node:child_process';

/** Programs of Prometheus, by what they are called on the path; Debian's `prometheus` and `prometheus-alertmanager` have them. */
export interface PrometheusPrograms {
  readonly promtool: string;
  readonly prometheus: string;
  readonly amtool: string;
}

const programs: PrometheusPrograms = {
  promtool: 'promtool',
  prometheus: 'prometheus',
  amtool: 'amtool',
};

function findPrometheus(): PrometheusPrograms | undefined {
  const runs = (program: string) => spawnSync(program, ['--version']).status === 0;
  return Object.values(programs).every(runs) ? programs : undefined;
}

/**
 * Prometheus for a spec file. Where there is none its specs skip, with a line that says so; REQUIRE_PROMTOOL=1 makes that a
 * failure.
 */
export function prometheusUnderTest(
  find: () => PrometheusPrograms | undefined = findPrometheus,
  env: Readonly<Record<string, string | undefined>> = process.env,
): PrometheusPrograms | undefined {
  const found = find();
  if (found === undefined) {
    const message = `not all of ${Object.values(programs).join(', ')} are on the path`;
    if (env['REQUIRE_PROMTOOL'] === '1') throw new Error(message);
    process.stderr.write(`skipped, ${message}\n`);
  }
  return found;
}
