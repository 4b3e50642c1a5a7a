import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { prometheusUnderTest } from '@tops/testing';
import { TestNetwork } from '../src/network.ts';
import { PrometheusProcess } from '../src/prometheus-process.ts';
import { freePort, type ServiceProcess } from '../src/service-process.ts';

const programs = prometheusUnderTest();
const rulesDir = fileURLToPath(new URL('../../../monitoring/rules/', import.meta.url));
const rulesText = ['recording.yaml', 'alerts.yaml']
  .map((name) => readFileSync(join(rulesDir, name), 'utf8'))
  .join('\n');
const namesIn = (pattern: RegExp) => [...new Set(rulesText.match(pattern))];

/** Metrics of the apps, not the recorded ones: those have a colon on both sides. */
const appMetrics = namesIn(/(?<![:\w])tops_(worker|verifier)_\w+(?!\w*:)/g);
const recorded = namesIn(/(?<=record: )\S+/g);

let network: TestNetwork | undefined;
let prometheus: PrometheusProcess | undefined;

afterEach(async () => {
  await prometheus?.close();
  await network?.close();
  prometheus = undefined;
  network = undefined;
});

async function untilAccepted(worker: ServiceProcess, count: number): Promise<void> {
  const accepted = () => worker.records.filter(({ message }) => message === 'receipt accepted');
  await worker.waitUntil(() => accepted().length >= count);
}

async function alertNames(from: PrometheusProcess): Promise<(string | undefined)[]> {
  return (await from.firingAlerts()).map(({ labels }) => labels['alertname']);
}

(programs === undefined ? describe.skip : describe)(
  'a real Prometheus over worker and verifier',
  () => {
    it('is silent while both work, and says so when the worker is stopped and when it is back', async () => {
      const running = await TestNetwork.start();
      network = running;
      const port = String(await freePort());
      const workerTarget = `127.0.0.1:${port}`;
      const verifierTarget = new URL(running.baseUrl).host;
      const worker = await running.startWorker({ WORKER_PORT: port });
      await untilAccepted(worker, 5);
      const watching = await PrometheusProcess.start({
        prometheus: programs?.prometheus ?? '',
        dir: join(running.dataDir, 'prometheus'),
        targets: { 'tops-worker': workerTarget, 'tops-verifier': verifierTarget },
      });
      prometheus = watching;

      await watching.until('both targets are up', async () => {
        const up = await watching.query('up', 'job');
        return up['tops-worker'] === 1 && up['tops-verifier'] === 1;
      });
      // Every metric that a rule names is one that the running apps serve.
      const served = await watching.get<string[]>('label/__name__/values');
      expect(appMetrics.length).toBeGreaterThan(15);
      expect(appMetrics.filter((name) => !served.includes(name))).toEqual([]);

      // This worker scales nothing, so it has no target to be compared with.
      const expected = recorded.filter((name) => !name.endsWith(':target_ratio5m'));
      expect(expected).toHaveLength(recorded.length - 1);
      await watching.until('every recording rule has a value', async () => {
        const values = await watching.query('{__name__=~".+:.+"}', '__name__');
        return expected.every((name) => Number.isFinite(values[name]));
      });
      await watching.until('receipts show', async () => {
        const rate = 'job_outcome:tops_verifier_receipts:rate5m{outcome="accepted"}';
        return ((await watching.query(rate, 'outcome'))['accepted'] ?? 0) > 0;
      });
      const ratio = await watching.query('job:tops_verifier_accepted:ratio_increase15m', 'job');
      expect(ratio).toEqual({ 'tops-verifier': 1 });
      const { groups } = await watching.get<{ groups: { rules: { health: string }[] }[] }>('rules');
      const health = groups.flatMap(({ rules }) => rules.map((rule) => rule.health));
      expect(new Set(health)).toEqual(new Set(['ok']));
      expect(health).toHaveLength(recorded.length + namesIn(/(?<=alert: )\S+/g).length);

      // Longer than the longest `for`, ten minutes that are ten seconds here.
      const healthyUntilMs = Date.now() + 12_000;
      while (Date.now() < healthyUntilMs) {
        expect(await alertNames(watching)).toEqual([]);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }

      expect(await worker.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      await watching.until('the alert fires', async () =>
        (await alertNames(watching)).includes('TopsWorkerDown'),
      );
      const alerts = await watching.firingAlerts();
      expect(alerts.find(({ labels }) => labels['alertname'] === 'TopsWorkerDown')).toMatchObject({
        labels: { job: 'tops-worker', instance: workerTarget, severity: 'warning' },
        annotations: {
          summary: `Worker ${workerTarget} is down`,
          runbook_url: 'docs/runbook.md#topsworkerdown',
        },
      });
      expect(await alertNames(watching)).not.toContain('TopsVerifierDown');

      const back = await running.startWorker({ WORKER_PORT: port });
      await untilAccepted(back, 1);
      await watching.until('the alert is over', async () => {
        return !(await alertNames(watching)).includes('TopsWorkerDown');
      });
    }, 60_000);
  },
);
