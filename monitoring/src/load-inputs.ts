import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAppCatalog } from './app-catalog.ts';
import type { CheckInputs } from './checks/inputs.ts';
import { unseenMetrics } from './checks/unseen-metrics.ts';
import { allDashboards } from './dashboards/all-dashboards.ts';
import { readJobs, readRules, readRuleTests } from './rules.ts';

/** Reads what the checks compare. @param root - the workspace's root. */
export async function loadInputs(root: string): Promise<CheckInputs> {
  const rules = readRules(readAll(join(root, 'monitoring/rules')));
  return {
    catalog: await readAppCatalog(),
    jobs: readJobs(readFileSync(join(root, 'monitoring/prometheus/prometheus.yml'), 'utf8')),
    rules,
    tests: readRuleTests(readAll(join(root, 'monitoring/test/rules'))),
    dashboards: allDashboards(rules),
    runbook: readFileSync(join(root, 'docs/runbook.md'), 'utf8'),
    unseen: unseenMetrics,
  };
}

function readAll(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => readFileSync(join(directory, name), 'utf8'));
}
