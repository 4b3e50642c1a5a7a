import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresCluster, postgresUnderTest } from '@tops/testing';
import { appOf } from '../src/environment.ts';
import { environmentNamed } from '../src/operate/environments.ts';
import { verifyDeployment } from '../src/operate/verify.ts';
import { findRenderer } from '../src/renderer.ts';
import { renderOverlay, type OverlayName } from '../src/renderings.ts';
import { scaleOf } from '../src/scale.ts';
import { workloadsOf } from '../src/workload.ts';
import { FakePrograms, but, type Answer } from '../test/operate/fake-programs.ts';
import { LocalPod } from './pod.ts';
import { ServiceStandIn } from './service-stand-in.ts';

const postgres = postgresUnderTest();
const READY_MS_MAX = 120_000;

let database: PostgresCluster | undefined;
let pods: LocalPod[] = [];
let service: ServiceStandIn | undefined;

beforeAll(async () => {
  database = postgres && (await PostgresCluster.create(postgres));
}, 60_000);
afterEach(async () => {
  await Promise.all(pods.map((pod) => pod.remove()));
  pods = [];
  service?.close();
});
afterAll(() => database?.remove());

/** Every pod of an overlay as a process, as many as it asks for, the verifiers first. */
async function startOverlay(name: OverlayName): Promise<void> {
  const { rendering } = renderOverlay(name, { root: process.cwd(), renderer: findRenderer() });
  const { objects } = rendering;
  service = new ServiceStandIn();
  const serviceUrl = await service.listen();
  const surroundings = { objects, serviceUrl, databaseUrl: database?.tcpUrl() };
  const workloads = workloadsOf(objects);
  for (const app of ['verifier', 'worker'] as const) {
    for (const workload of workloads) {
      const [container] = workload.template.spec.containers;
      if (container === undefined || appOf(container)?.name !== app) continue;
      const { min } = scaleOf(workload.object, objects);
      for (let replica = 0; replica < min; replica++) {
        const pod = await LocalPod.start(workload, surroundings);
        pods.push(pod);
        if (app === 'verifier') service.addPod(pod.port);
      }
    }
    if (app === 'verifier') await untilPodsPass('readinessProbe');
  }
}

async function untilPodsPass(probe: Parameters<LocalPod['ask']>[0]): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    const answers = await Promise.all(pods.map((pod) => pod.ask(probe)));
    const failed = answers.findIndex((answer) => answer !== undefined);
    if (failed === -1) return;
    if (performance.now() > deadline || pods[failed]?.process.hasEnded) {
      throw new Error(`${answers[failed]}\n${pods[failed]?.process.tail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function acceptedOf(pod: LocalPod): Promise<number> {
  const response = await fetch(`${pod.baseUrl}/status`);
  return ((await response.json()) as { accepted?: number }).accepted ?? 0;
}

async function untilEachWorkerEarned(): Promise<void> {
  const workers = pods.filter(({ app }) => app.name === 'worker');
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    const accepted = await Promise.all(workers.map(acceptedOf));
    if (accepted.every((count) => count > 0)) return;
    if (performance.now() > deadline) {
      throw new Error(`accepted: ${accepted.join(', ')}\n${workers[0]?.process.tail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** `k8s:verify` against the running pods; only kubectl is a fake, which forwards to where they are. */
async function verifyRunning(): Promise<string[]> {
  const forwardTo = (app: string, service: string): Answer => {
    const port = pods.find((pod) => pod.app.name === app)?.port;
    const stdout = `Forwarding from 127.0.0.1:${port} -> 80\n`;
    return { when: ['port-forward', `service/${service}`], stdout, stays: true };
  };
  const forwards = [
    forwardTo('worker', 'tops-worker-service'),
    forwardTo('verifier', 'tops-verifier'),
  ];
  const fake = new FakePrograms(but('kubectl', ...forwards));
  const printed: string[] = [];
  const { rendering } = renderOverlay('staging', { root: process.cwd(), renderer: findRenderer() });
  try {
    await verifyDeployment(
      { environment: environmentNamed('staging'), receiptMsMax: READY_MS_MAX },
      { runner: fake.runner, env: fake.env, print: (line) => void printed.push(line), rendering },
    );
  } finally {
    fake.remove();
  }
  return printed;
}

async function expectWorkingOverlay(counts: Readonly<Record<string, number>>): Promise<void> {
  const started: Record<string, number> = {};
  for (const { app } of pods) started[app.name] = (started[app.name] ?? 0) + 1;
  expect(started).toEqual(counts);
  await untilPodsPass('readinessProbe');
  expect(await Promise.all(pods.map((pod) => pod.ask('livenessProbe')))).toEqual(
    pods.map(() => undefined),
  );
  await untilEachWorkerEarned();
  for (const pod of pods) {
    expect(JSON.stringify(pod.process.records)).not.toContain('nonce_already_used');
  }
  for (const pod of [...pods].reverse()) {
    const { code, seconds, secondsMax } = await pod.drain();
    expect({ app: pod.app.name, code, inTime: seconds < secondsMax }).toEqual({
      app: pod.app.name,
      code: 0,
      inTime: true,
    });
  }
}

describe('what is rendered runs', () => {
  it('staging: one of each, an embedded ledger', async () => {
    await startOverlay('staging');
    await untilPodsPass('startupProbe');
    await untilPodsPass('readinessProbe');
    expect(await verifyRunning()).toEqual([
      'rolled out',
      'worker: healthy and ready',
      'verifier: healthy and ready',
      expect.stringMatching(/^receipts: [1-9]\d* more accepted while looking$/),
    ]);
    await expectWorkingOverlay({ verifier: 1, worker: 1 });
  }, 300_000);

  (postgres ? it : it.skip)(
    'production: three of each with one key, on one PostgreSQL',
    async () => {
      await startOverlay('production');
      const [worker] = pods.filter(({ app }) => app.name === 'worker');
      await untilPodsPass('readinessProbe');
      // The CPU stands in for the GPU: just what this probe is there to refuse.
      expect(await worker?.ask('startupProbe')).toContain('expected a GPU');
      await expectWorkingOverlay({ verifier: 3, worker: 3 });
    },
    300_000,
  );
});
