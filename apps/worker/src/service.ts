import express from 'express';
import type { KeyPair } from '@tops/crypto';
import {
  createOpsRouter,
  ListenError,
  Readiness,
  sendProblem,
  startHttpServer,
  type HttpServer,
  type Lifecycle,
  type Logger,
} from '@tops/observability';
import { AutotuneCache } from './autotune-cache.ts';
import type { WorkerConfig } from './config.ts';
import { openDevice } from './device.ts';
import { DeviceSpeeds } from './device-speeds.ts';
import { createWorkerMetrics } from './metrics.ts';
import { countDeviceEvent } from './recorder.ts';
import { statusFields, statusText, type WorkerStatus } from './status.ts';
import { statusIntervalMs, type StatusLine, type StatusMode } from './status-line.ts';
import { systemTiming } from './timing.ts';
import { Worker } from './worker.ts';

export interface ServiceOptions {
  readonly config: WorkerConfig;
  readonly keyPair: KeyPair;
  readonly statusMode: StatusMode;
}

export interface ServiceDeps {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly statusLine: StatusLine;
  /** Where the fresh lines of the plain mode go. */
  readonly printLine: (text: string) => void;
}

/** Share of the shutdown deadline that answers in flight may use; the rest closes what is open. */
const drainShare = 0.9;
/** A probe reads a few kilobytes: whoever takes longer is not one. */
const opsTimeouts = { requestTimeoutMs: 10_000, headersTimeoutMs: 5000, keepAliveTimeoutMs: 5000 };
const opsConnectionsMax = 64;

/**
 * Starts the worker: its HTTP server first, so that a taken port is known before anything else is done, then the compute
 * device, then the work. What is opened here is closed by the lifecycle's hooks, the last opened first.
 *
 * @throws ListenError when WORKER_PORT cannot be had; KernelError when the device does not compute right.
 */
export async function startService(options: ServiceOptions, deps: ServiceDeps): Promise<void> {
  const { config, keyPair } = options;
  const { lifecycle, logger } = deps;
  const readiness = new Readiness(['kernel', 'epoch']);
  const metrics = createWorkerMetrics();
  const started: { worker?: Worker } = {};
  const http = await startOpsServer(options, {
    ...deps,
    readiness,
    status: () => started.worker?.status() ?? { service: 'worker', phase: 'starting' },
    registry: metrics.registry,
  });
  lifecycle.onShutdown('http server', () => http.close(1000));

  const cache = new AutotuneCache(config.dataDir, { logger });
  const kernel = await openDevice(config.device, {
    logger,
    tuningStore: cache,
    onDeviceEvent: (event) => countDeviceEvent(event, metrics),
    onCpuFallback: (reason) => {
      metrics.kernelFallbacks.inc({ reason });
    },
  });
  lifecycle.onShutdown('kernel', () => kernel.close());
  void kernel.failed.then(() => lifecycle.shutdown('the compute device is gone', 1));
  readiness.set('kernel', true);
  logger.info('compute device', { driverHint: kernel.driverHint });
  if (lifecycle.signal.aborted) return;

  const speedCache = new DeviceSpeeds({ cache, deviceKey: () => kernel.deviceKey, logger });
  const worker = new Worker(
    { keyPair, settings: config, trialRowCount: kernel.trialRowCount },
    { kernel, metrics, readiness, logger, speedCache, timing: systemTiming },
  );
  started.worker = worker;
  showStatus(worker, options, deps);
  runWorker(worker, options, deps);
}

function runWorker(worker: Worker, options: ServiceOptions, deps: ServiceDeps): void {
  const { lifecycle, logger } = deps;
  const running = worker.run(lifecycle.signal).catch(async (error: unknown) => {
    logger.error('the worker failed', { error });
    // Not awaited from inside the hook below, which waits for this very promise.
    void lifecycle.shutdown('the worker failed', 1);
  });
  lifecycle.onShutdown('work', async () => {
    await running;
    await worker.drain(options.config.shutdownDeadlineMs * drainShare);
  });
}

function showStatus(worker: Worker, options: ServiceOptions, deps: ServiceDeps): void {
  const { lifecycle, logger, statusLine, printLine } = deps;
  const show: Readonly<Record<StatusMode, (status: WorkerStatus) => void>> = {
    redraw: (status) => statusLine.show(statusText(status)),
    plain: (status) => printLine(statusText(status)),
    record: (status) => logger.info('status', statusFields(status)),
  };
  const showNow = () => show[options.statusMode](worker.status());
  const timer = setInterval(showNow, statusIntervalMs[options.statusMode]);
  lifecycle.onShutdown('status', () => {
    clearInterval(timer);
    // The last figures are worth keeping in every mode.
    showNow();
    statusLine.finish();
  });
}

async function startOpsServer(
  options: ServiceOptions,
  parts: Pick<ServiceDeps, 'logger'> & {
    readonly readiness: Readiness;
    readonly status: () => object;
    readonly registry: ReturnType<typeof createWorkerMetrics>['registry'];
  },
): Promise<HttpServer> {
  const { port, host, hasMetrics } = options.config;
  const { logger, readiness, registry, status } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.use(createOpsRouter({ readiness, status, ...(hasMetrics ? { registry } : {}) }));
  app.use((_request, response) => {
    sendProblem(response, { status: 404, code: 'route_not_found', title: 'No such route' });
  });
  try {
    const http = await startHttpServer(app, {
      port,
      ...(host === undefined ? {} : { host }),
      ...opsTimeouts,
      maxConnections: opsConnectionsMax,
    });
    logger.info('listening', { port: http.port });
    return http;
  } catch (error) {
    if (error instanceof ListenError) {
      logger.error('WORKER_PORT cannot be listened on', { port, code: error.code });
    }
    throw error;
  }
}
