import { exitWithConfigErrors } from '@tops/config';
import { bytesToHex, publicKeyToDid, type KeyPair } from '@tops/crypto';
import { createLifecycle, createLogger } from '@tops/observability';
import { deviceDidProblem, readWorkerConfig, type WorkerConfig } from './config.ts';
import { startService } from './service.ts';
import { StatusLine, statusMode } from './status-line.ts';
import { loadDevelopmentKey } from './worker-key.ts';

const result = readWorkerConfig(process.env);
if (!result.ok) exitWithConfigErrors(result.errors);
const { config, warnings } = result;
const key = await resolveKey(config);

const mode = statusMode(config.statusLine, process.stdout, process.env['TERM']);
const statusLine = new StatusLine(process.stdout);
const logger = createLogger({
  service: 'worker',
  level: config.logLevel,
  // A person reads along wherever there is a status line; programs get JSON.
  pretty: mode !== 'record',
  secretValues: [bytesToHex(key.keyPair.seed)],
  ...(mode === 'redraw' ? { destination: statusLine.logDestination } : {}),
});
const lifecycle = createLifecycle({ logger, deadlineMs: config.shutdownDeadlineMs });

logger.info('worker starting', {
  did: publicKeyToDid(key.keyPair.publicKey),
  aggregatorUrl: config.aggregatorUrl,
});
for (const notice of [...warnings, ...key.warnings]) logger.warn(notice);

await lifecycle.run(() =>
  startService(
    { config, keyPair: key.keyPair, statusMode: mode },
    { lifecycle, logger, statusLine, printLine: (text) => process.stdout.write(`${text}\n`) },
  ),
);

/** The configured key, or else the development key of DATA_DIR. */
async function resolveKey(
  settings: WorkerConfig,
): Promise<{ readonly keyPair: KeyPair; readonly warnings: readonly string[] }> {
  if (settings.keyPair !== undefined) return { keyPair: settings.keyPair, warnings: [] };
  const development = await loadDevelopmentKey(settings.dataDir);
  if (!development.ok) return exitWithConfigErrors([development.error]);
  const { keyPair, path, isNew, warning } = development;
  const problem = deviceDidProblem(settings.deviceDid, keyPair);
  if (problem !== undefined) return exitWithConfigErrors([problem]);
  const made = `${isNew ? 'made' : 'using'} the development key ${path}: set WORKER_SK_HEX or WORKER_SK_FILE for real use`;
  return { keyPair, warnings: [made, ...(warning === undefined ? [] : [warning])] };
}
