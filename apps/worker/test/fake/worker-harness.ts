import { Writable } from 'node:stream';
import { generateSeed, keyPairFromSeed } from '@tops/crypto';
import type { Kernel } from '@tops/kernel-spec';
import { createLogger, createMetrics, Readiness } from '@tops/observability';
import type { WorkerConfig } from '../../src/config.ts';
import { createWorkerMetrics } from '../../src/metrics.ts';
import type { WorkerPace } from '../../src/pace.ts';
import { systemTiming } from '../../src/timing.ts';
import { Worker } from '../../src/worker.ts';
import type { FakeVerifier } from './fake-verifier.ts';
import { StubKernel } from './stub-kernel.ts';

export interface HarnessOptions {
  readonly settings?: Partial<WorkerConfig>;
  readonly pace?: Partial<WorkerPace>;
  readonly kernel?: Kernel;
}

const quickPace: WorkerPace = {
  epochPollMs: 200,
  epochMinIntervalMs: 5,
  epochBackoffMaxMs: 50,
  retryDelayMaxMs: 50,
  circuitFailureCount: 3,
  circuitOpenMinMs: 30,
  circuitOpenMaxMs: 60,
  verifiedTopsMs: 20,
  failurePauseMs: 2,
  failurePauseMaxMs: 20,
};

/** A worker in this process against a fake verifier: tiny shapes, short waits, logs kept. */
export function startWorker(verifier: FakeVerifier, options: HarnessOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const stub = new StubKernel();
  const metrics = createWorkerMetrics(
    createMetrics({ prefix: 'tops_worker_', defaultMetrics: false }),
  );
  const readiness = new Readiness();
  const keyPair = keyPairFromSeed(generateSeed());
  const worker = new Worker(
    {
      keyPair,
      trialRowCount: 64,
      pace: { ...quickPace, ...options.pace },
      settings: {
        deviceDid: undefined,
        aggregatorUrl: verifier.baseUrl,
        port: 0,
        host: undefined,
        dataDir: '/nonexistent',
        device: {
          gpu: { allowSoftware: false },
          mayFallBack: true,
          maxResets: 0,
          cpuKernel: 'auto',
          threadCount: undefined,
        },
        autotune: { targetMs: 300, presets: [{ m: 64, n: 64, k: 64 }], isDisabled: true },
        requestsPerSecond: 10_000,
        maxAnswersInFlight: 4,
        maxRetries: 3,
        retryDelayMs: 5,
        requestTimeoutMs: 2000,
        shutdownDeadlineMs: 5000,
        statusLine: 'never',
        hasMetrics: true,
        logLevel: 'debug',
        logsReceipts: false,
        ...options.settings,
      },
    },
    {
      kernel: options.kernel ?? stub,
      metrics,
      readiness,
      logger: createLogger({ service: 'worker', level: 'debug', destination }),
      timing: systemTiming,
    },
  );
  const stopping = new AbortController();
  const running = worker.run(stopping.signal);
  // A spec that expects a failure awaits `running` itself.
  running.catch(() => undefined);
  return {
    worker,
    stub,
    keyPair,
    lines,
    readiness,
    running,
    stopSignal: stopping.signal,
    codes: () => lines.map((line) => line['code']).filter((code) => code !== undefined),
    metric: async (name: string) => await readMetric(metrics.registry, name),
    /** Ends the worker, answers in flight included, and rejects if it had failed. */
    stop: async (drainMs = 2000) => {
      stopping.abort();
      try {
        await running;
      } finally {
        // A worker that failed leaves answers in flight like any other: they would outlive the spec.
        await worker.drain(drainMs);
      }
    },
  };
}

export type RunningWorker = ReturnType<typeof startWorker>;

/** Value of one sample as /metrics shows it, e.g. `tops_worker_attempts_total{outcome="accepted"}`. */
async function readMetric(registry: { metrics(): Promise<string> }, name: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no sample ${name}`);
  return Number(line.slice(name.length + 1));
}

/** Resolves once `condition` holds; fails after `timeoutMs`, saying what it waited for. */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
