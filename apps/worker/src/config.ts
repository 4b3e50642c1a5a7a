import {
  gpuSettings,
  loadSecretFile,
  parseEnv,
  type ConfigError,
  type Environment,
  type EnvValues,
} from '@tops/config';
import { keyPairFromSeed, publicKeyToDid, type KeyPair } from '@tops/crypto';
import type { LogLevel } from '@tops/observability';
import type { Shape } from '@tops/protocol';
import type { DeviceSettings } from './device.ts';
import { seedField, workerEnv } from './config-schema.ts';

export { workerConfigSection } from './config-schema.ts';

/** The worker's settings, checked; every duration is in milliseconds. */
export interface WorkerConfig {
  /** Absent in development without a configured key: one is then made in `dataDir`. */
  readonly keyPair: KeyPair | undefined;
  readonly deviceDid: string | undefined;
  readonly aggregatorUrl: string;
  readonly port: number;
  readonly host: string | undefined;
  readonly dataDir: string;
  readonly device: DeviceSettings;
  readonly autotune: {
    readonly targetMs: number;
    readonly presets: readonly Shape[];
    readonly isDisabled: boolean;
  };
  readonly requestsPerSecond: number;
  readonly maxAnswersInFlight: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly requestTimeoutMs: number;
  readonly shutdownDeadlineMs: number;
  readonly statusLine: 'auto' | 'always' | 'never';
  readonly hasMetrics: boolean;
  readonly logLevel: LogLevel;
  readonly logsReceipts: boolean;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: WorkerConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads and checks everything there is to check, the key file included, before anything is opened or written. */
export function readWorkerConfig(env: Environment): ConfigResult {
  const parsed = parseEnv(workerEnv, env, { prefixes: ['WORKER_'] });
  // All of it, whatever else is wrong: who corrects one variable must not then learn of the next.
  const values: Partial<Values> = parsed.ok ? parsed.values : parsed.partial;
  const errors = parsed.ok ? [] : [...parsed.errors];
  const warnings: string[] = [];
  let seed = values.WORKER_SK_HEX;
  if (values.WORKER_SK_FILE !== undefined) {
    const variable = 'WORKER_SK_FILE';
    const file = loadSecretFile({ variable, path: values.WORKER_SK_FILE, field: seedField });
    if (!file.ok) errors.push(file.error);
    else {
      seed = file.value;
      warnings.push(...present(file.warning));
    }
  }
  // With an error in either variable it is open which key is meant, and whose did:key is foreign.
  const isKeySettled = !errors.some(({ variable }) => keyVariables.has(variable));
  const keyPair = seed === undefined || !isKeySettled ? undefined : keyPairFromSeed(seed);
  if (keyPair !== undefined) errors.push(...present(deviceDidProblem(values.DEVICE_DID, keyPair)));
  if (!parsed.ok || errors.length > 0) return { ok: false, errors };
  return { ok: true, config: toConfig(parsed.values, keyPair), warnings };
}

const keyVariables: ReadonlySet<string> = new Set(['WORKER_SK_HEX', 'WORKER_SK_FILE']);

/** A worker never reports under the did:key of another: the verifier refuses each such receipt. */
export function deviceDidProblem(
  deviceDid: string | undefined,
  keyPair: KeyPair,
): ConfigError | undefined {
  if (deviceDid === undefined || !deviceDid.startsWith('did:')) return undefined;
  const own = publicKeyToDid(keyPair.publicKey);
  if (deviceDid === own) return undefined;
  return { variable: 'DEVICE_DID', expected: `a label, or ${own}`, got: JSON.stringify(deviceDid) };
}

type Values = EnvValues<(typeof workerEnv)['fields']>;

function toConfig(values: Values, keyPair: KeyPair | undefined): WorkerConfig {
  return {
    keyPair,
    deviceDid: values.DEVICE_DID,
    aggregatorUrl: values.AGGREGATOR_URL,
    port: values.WORKER_PORT,
    host: values.WORKER_HOST,
    dataDir: values.DATA_DIR,
    device: {
      gpu: gpuSettings(values),
      mayFallBack: values.CPU_FALLBACK,
      maxResets: values.MAX_DEVICE_RESETS,
      cpuKernel: values.KERNEL_CPU,
      threadCount: values.CPU_THREADS,
    },
    autotune: {
      targetMs: values.AUTOTUNE_TARGET_MS,
      presets: values.AUTOTUNE_PRESETS,
      isDisabled: values.AUTOTUNE_DISABLE,
    },
    requestsPerSecond: values.RATE_LIMIT_PER_SECOND,
    maxAnswersInFlight: values.MAX_CONCURRENT_REQUESTS,
    maxRetries: values.MAX_RETRIES,
    retryDelayMs: values.RETRY_DELAY_MS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    shutdownDeadlineMs: values.SHUTDOWN_DEADLINE_MS,
    statusLine: values.STATUS_LINE,
    hasMetrics: values.METRICS_ENABLED,
    logLevel: values.LOG_LEVEL,
    logsReceipts: values.WORKER_DEBUG_RECEIPT,
  };
}

function present<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item];
}
