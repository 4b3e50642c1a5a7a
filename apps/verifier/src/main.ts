import { CONFIG_EXIT_CODE, exitWithConfigErrors } from '@tops/config';
import { bytesToHex } from '@tops/crypto';
import { createCpuKernel } from '@tops/kernel-cpu';
import {
  LedgerError,
  openPostgresLedger,
  openThreadedLedger,
  type LedgerStore,
} from '@tops/ledger';
import { createLifecycle, createLogger, startHttpServer } from '@tops/observability';
import type { RequestListener } from 'node:http';
import { systemClock } from './clock.ts';
import { isLoopback } from './admin/admin-config.ts';
import { readConfig, type VerifierConfig } from './config.ts';
import { EpochRegressionError } from './epoch-clock.ts';
import { answerConnectionErrors } from './http/connection-errors.ts';
import { ledgerClock } from './ledger-clock.ts';
import { loadVerifierKey } from './verifier-key.ts';
import { createVerifier, type Verifier } from './verifier.ts';

/** How long a connection may idle between requests; longer than common load balancers keep theirs. */
const KEEP_ALIVE_MS = 65_000;

const result = readConfig(process.env);
if (!result.ok) exitWithConfigErrors(result.errors);
const { config } = result;
const key = loadVerifierKey(config.key);
if (!key.ok) exitWithConfigErrors([key.error]);
const logger = createLogger({
  service: 'verifier',
  level: config.logLevel,
  ...(config.admin === undefined ? {} : { secretValues: [config.admin.token] }),
});
const lifecycle = createLifecycle({ logger, deadlineMs: config.shutdownDeadlineMs });

if (key.warning !== undefined) logger.warn('key file is readable by others', { hint: key.warning });
if (key.created) logger.info('made a development key', { path: key.developmentKeyPath });

await lifecycle.run(async (signal) => {
  try {
    await start();
  } catch (error) {
    const isRegression =
      error instanceof EpochRegressionError ||
      (error instanceof LedgerError && error.code === 'epoch_regressed');
    if (!isRegression || signal.aborted) throw error;
    logger.error('the system clock or EPOCH_SECONDS went back', { detail: error.message });
    await lifecycle.shutdown('epoch ids would go back', CONFIG_EXIT_CODE);
  }
});

async function start(): Promise<void> {
  if (!key.ok) return;
  const { keyPair } = key;
  const ledger = await openLedger();
  lifecycle.onShutdown('ledger', () => ledger.close());
  const { cpuKernel: choice, threadCount } = config;
  const kernel = await createCpuKernel({
    choice,
    ...(threadCount === undefined ? {} : { threadCount }),
  });
  lifecycle.onShutdown('kernel', () => kernel.close());
  const verifier = createVerifier(config, {
    ...{ ledger, kernel, keyPair, logger },
    confirmLeaves: (attempt, rows) => kernel.computeReferenceLeaves(attempt, rows),
    clock: ledgerClock(systemClock, ledger),
  });
  const { fallback } = kernel.selection;
  if (fallback !== undefined) {
    verifier.metrics.kernelFallbacks.inc({ reason: fallback.code });
    logger.warn('no native kernel, computing by WebAssembly', fallback);
  }
  logger.info('compute kernel', { driverHint: kernel.driverHint, threads: kernel.threadCount });
  await verifier.start();
  lifecycle.onShutdown('epochs', () => verifier.epochs.stop());
  const { http } = config;
  const server = await startHttpServer(verifier.app, {
    port: http.port,
    ...(http.host === undefined ? {} : { host: http.host }),
    requestTimeoutMs: http.requestTimeoutMs,
    headersTimeoutMs: http.headersTimeoutMs,
    keepAliveTimeoutMs: KEEP_ALIVE_MS,
    maxConnections: http.maxConnections,
    requireHostHeader: false,
  });
  answerConnectionErrors(server.server, verifier);
  lifecycle.onShutdown('http', () => {
    verifier.readiness.set('running', false, 'shutting down');
    // Room for the ledger and the kernel to close before the deadline cuts everything off.
    return server.close(Math.floor(config.shutdownDeadlineMs * 0.8));
  });
  await startAdmin(verifier);
  await startMetrics(verifier);
  logger.info('listening', { port: server.port, verifierKeyHex: bytesToHex(keyPair.publicKey) });
}

async function startAdmin({ adminApp, metrics }: Verifier): Promise<void> {
  const { admin } = config;
  if (admin === undefined || adminApp === undefined) return;
  if (admin.warning !== undefined) {
    logger.warn('the file of the admin token is readable by others', { hint: admin.warning });
  }
  if (!isLoopback(admin.host)) {
    logger.warn('the admin API takes its token over plain HTTP from other machines', {
      host: admin.host,
    });
  }
  const port = await startSide('admin', adminApp, { ...admin, metrics });
  logger.info('admin API listening', { adminPort: port, host: admin.host });
}

async function startMetrics({ metricsApp, metrics }: Verifier): Promise<void> {
  const { metricsPort: port, host } = config.http;
  if (port === undefined || metricsApp === undefined) return;
  const metricsPort = await startSide('metrics', metricsApp, { port, host, metrics });
  logger.info('metrics listening', { metricsPort });
}

/** Operators are few: little is enough for them, and little can be taken from the public surface. @returns the port */
async function startSide(
  name: string,
  app: RequestListener,
  options: Pick<VerifierConfig['http'], 'port' | 'host'> & Pick<Verifier, 'metrics'>,
): Promise<number> {
  const { http } = config;
  const { port, host, metrics } = options;
  const server = await startHttpServer(app, {
    ...{ port, ...(host === undefined ? {} : { host }), maxConnections: 32 },
    requestTimeoutMs: http.requestTimeoutMs,
    headersTimeoutMs: http.headersTimeoutMs,
    keepAliveTimeoutMs: 5000,
  });
  answerConnectionErrors(server.server, { metrics });
  lifecycle.onShutdown(name, () => server.close(Math.floor(config.shutdownDeadlineMs * 0.8)));
  return server.port;
}

function openLedger(): Promise<LedgerStore> {
  const { ledger, protocol } = config;
  if (ledger.kind === 'sqlite') {
    return openThreadedLedger({ dataDir: ledger.dataDir, topsEpochs: protocol.topsEpochs });
  }
  if (ledger.warning !== undefined) {
    logger.warn('the file of the database address is readable by others', { hint: ledger.warning });
  }
  return openPostgresLedger(ledger.options, { nowMs: () => systemClock.nowMs() });
}
