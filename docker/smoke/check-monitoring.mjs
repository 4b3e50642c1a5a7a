// Prometheus, Alertmanager and Grafana of the compose stack, asked over their own APIs.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../build/images.mjs';
import { demandWithin } from './check-receipts.mjs';
import { readJson } from './wait-for.mjs';

const TARGETS_TIMEOUT_MS = 90_000;
const monitoringDir = join(workspaceRoot, 'monitoring');

const ask = async (stack, path) =>
  (await readJson(`${stack.address('prometheus')}/api/v1/${path}`)).data;

/** Rules that the files hold, counted where each begins. */
function ruleCountInFiles() {
  const names = readdirSync(join(monitoringDir, 'rules')).filter((name) => /\.ya?ml$/.test(name));
  const texts = names.map((name) => readFileSync(join(monitoringDir, 'rules', name), 'utf8'));
  return texts.join('\n').match(/^\s*(- )?(alert|record): /gm)?.length ?? 0;
}

export async function checkPrometheus(checks, stack) {
  const isUp = (targets, service) =>
    targets.some(
      ({ health, scrapeUrl }) => health === 'up' && new URL(scrapeUrl).hostname === service,
    );
  await demandWithin(checks, {
    stack,
    what: 'Prometheus sees verifier and worker up',
    timeoutMs: TARGETS_TIMEOUT_MS,
    isDone: async () => {
      const { activeTargets } = await ask(stack, 'targets?state=active');
      return isUp(activeTargets, 'verifier') && isUp(activeTargets, 'worker-cpu');
    },
  });
  const { groups } = await ask(stack, 'rules');
  const rules = groups.flatMap((group) => group.rules);
  const expectedCount = ruleCountInFiles();
  checks.check(
    expectedCount > 0 && rules.length === expectedCount,
    `${rules.length} of ${expectedCount} rules are loaded`,
  );
  const broken = rules.filter(({ health }) => health === 'err').map(({ name }) => name);
  checks.check(
    broken.length === 0,
    `every rule can be evaluated${broken.map((n) => `, not ${n}`)}`,
  );
  await demandWithin(checks, {
    stack,
    what: 'Prometheus has found Alertmanager',
    isDone: async () => (await ask(stack, 'alertmanagers')).activeAlertmanagers.length === 1,
  });
}

export async function checkGrafana(checks, stack) {
  const password = stack.compose('exec', '-T', 'grafana', 'cat', '/run/tops-grafana/password');
  const authorization = `Basic ${Buffer.from(`admin:${password.trim()}`).toString('base64')}`;
  const url = `${stack.address('grafana')}/api/search?type=dash-db`;
  await demandWithin(checks, {
    stack,
    what: 'Grafana answers its admin',
    isDone: () => readJson(url, { authorization }),
  });
  const files = readdirSync(join(monitoringDir, 'grafana/dashboards'), { recursive: true });
  const expectedCount = files.filter((name) => name.endsWith('.json')).length;
  const dashboards = await readJson(url, { authorization });
  checks.check(
    expectedCount > 0 && dashboards.length === expectedCount,
    `${dashboards.length} of ${expectedCount} dashboards are provisioned`,
  );
  const refusal = await readJson(url).then(
    () => 'an answer',
    (error) => error.message,
  );
  checks.check(refusal.endsWith('got 401'), 'Grafana shows nothing to who has not logged in');
}
