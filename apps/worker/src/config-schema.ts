import {
  choice,
  custom,
  decimal,
  defineEnv,
  flag,
  gpuFields,
  hexBytes,
  integer,
  path,
  text,
  url,
  type ConfigSection,
} from '@tops/config';
import { cpuKernelChoices } from '@tops/kernel-cpu';
import { logLevels } from '@tops/observability';
import { presetsForm, readPresets } from './presets.ts';

/** How the private key is read, from the environment and from files alike. */
export const seedField = hexBytes({
  bytes: 32,
  secret: true,
  describe:
    'The Ed25519 seed that signs receipts. Without it and WORKER_SK_FILE a development key is made in DATA_DIR.',
});

/** `custom` can only say yes or no; the reader of presets knows which of them is wrong and why. */
const presetsField = {
  ...custom({
    describe:
      'Shapes to choose from. Autotune tries the n and k of each at start, takes the fastest that the verifier allows, and scales m.',
    expected: presetsForm,
    default: '16384,1024,1024;16384,512,512;16384,2048,2048',
    parse: (text) => {
      const result = readPresets(text);
      return result.ok ? result.value : undefined;
    },
  }),
  read: readPresets,
};

/** Every variable the worker reads; docs/configuration.md is generated from it. */
export const workerEnv = defineEnv(
  {
    NODE_ENV: choice({
      describe: '`production` refuses to start without a configured key.',
      values: ['development', 'test', 'production'],
      default: 'development',
    }),
    WORKER_SK_HEX: seedField,
    WORKER_SK_FILE: path({
      describe: 'A file that holds the seed in hex; instead of WORKER_SK_HEX.',
    }),
    DEVICE_DID: text({
      describe:
        'Name of this worker in its receipts: a label, or the did:key of its own key (the default). A label is shown by the verifier and proves nothing.',
      pattern: /^(did:key:z[1-9A-HJ-NP-Za-km-z]{1,100}|[A-Za-z0-9._-]{1,64})$/,
      expected: 'a label [A-Za-z0-9._-]{1,64} or the did:key of the own key',
    }),
    AGGREGATOR_URL: url({
      describe: "The verifier's base address.",
      default: 'http://localhost:8081',
    }),
    WORKER_PORT: integer({
      describe:
        'Port of /health, /ready, /status and /metrics; 0 takes a free one and logs it. A taken port ends the start with exit code 1.',
      min: 0,
      max: 65_535,
      default: 8082,
    }),
    WORKER_HOST: text({
      describe: 'Address to listen on; every interface when unset.',
      pattern: /^[A-Za-z0-9.:_-]{1,255}$/,
      expected: 'a host name or an IP address',
    }),
    DATA_DIR: path({
      describe:
        'Where the development key lives, and autotune.json: what trials found out about the GPU, good until adapter, driver or versions change; delete it to try anew.',
      default: './data/worker',
    }),
    CPU_FALLBACK: flag({
      describe:
        '1 computes on the CPU where no GPU can be used, or none any more. 0 ends the worker then, with the reason.',
      default: true,
    }),
    KERNEL_CPU: choice({
      describe:
        'CPU kernel. auto: the native one where it was built and computes right, else WebAssembly. native refuses to start without; wasm never loads native code; reference is the plain one, some hundred times slower.',
      values: cpuKernelChoices,
      default: 'auto',
    }),
    CPU_THREADS: integer({
      describe: 'Threads of the CPU kernel; one for each core when unset.',
      min: 1,
      max: 1024,
    }),
    ...gpuFields,
    MAX_DEVICE_RESETS: integer({
      describe: 'Times in a row that a failing GPU is opened anew before it is given up.',
      min: 0,
      max: 1000,
      default: 5,
    }),
    AUTOTUNE_TARGET_MS: integer({
      describe:
        'Compute time of one attempt that m is scaled to, and kept at by small steps; at most half an epoch is used.',
      unit: 'ms',
      min: 10,
      max: 600_000,
      default: 300,
    }),
    AUTOTUNE_PRESETS: presetsField,
    AUTOTUNE_DISABLE: flag({
      describe: '1 takes the first preset exactly as written, m included, and tries nothing.',
      default: false,
    }),
    RATE_LIMIT_PER_SECOND: decimal({
      describe:
        'Requests to the verifier per second, by token bucket with bursts of one second; an accepted attempt takes two.',
      unit: 'requests/s',
      min: 0.1,
      max: 100_000,
      default: 20,
    }),
    MAX_CONCURRENT_REQUESTS: integer({
      describe:
        'Answers in flight at most while computing goes on; when all are taken, computing waits.',
      min: 1,
      max: 256,
      default: 4,
    }),
    MAX_RETRIES: integer({
      describe:
        'Further tries of a receipt after network errors, 5xx and 429 (never after another 4xx). A proof is tried until its deadline.',
      min: 0,
      max: 100,
      default: 5,
    }),
    RETRY_DELAY_MS: integer({
      describe:
        'Ceiling of the first retry delay; it doubles each time, with full jitter, and Retry-After is obeyed on top.',
      unit: 'ms',
      min: 1,
      max: 60_000,
      default: 200,
    }),
    REQUEST_TIMEOUT_MS: integer({
      describe: 'Longest time of one request, body included.',
      unit: 'ms',
      min: 50,
      max: 120_000,
      default: 10_000,
    }),
    SHUTDOWN_DEADLINE_MS: integer({
      describe:
        'From SIGINT or SIGTERM to the exit at the latest; answers in flight may use the first nine tenths of it.',
      unit: 'ms',
      min: 100,
      max: 600_000,
      default: 15_000,
    }),
    STATUS_LINE: choice({
      describe:
        'Live status line. auto: on a terminal only, else a `status` log record every ten seconds; always: also where the output is no terminal, as a fresh line every few seconds; never: log records only.',
      values: ['auto', 'always', 'never'],
      default: 'auto',
    }),
    METRICS_ENABLED: flag({ describe: '0 turns /metrics off.', default: true }),
    LOG_LEVEL: choice({
      describe: 'Least urgent level that is logged.',
      values: logLevels,
      default: 'info',
    }),
    WORKER_DEBUG_RECEIPT: flag({
      describe: '1 logs every receipt, signature included, at level info.',
      default: false,
    }),
  },
  {
    rules: [
      {
        variables: ['WORKER_SK_HEX', 'WORKER_SK_FILE'],
        check: (values) =>
          values.WORKER_SK_HEX !== undefined && values.WORKER_SK_FILE !== undefined
            ? {
                variable: 'WORKER_SK_FILE',
                expected: 'only one of WORKER_SK_HEX and WORKER_SK_FILE',
                got: 'both',
              }
            : undefined,
      },
      {
        variables: ['NODE_ENV', 'WORKER_SK_HEX', 'WORKER_SK_FILE'],
        check: (values) =>
          values.NODE_ENV === 'production' &&
          values.WORKER_SK_HEX === undefined &&
          values.WORKER_SK_FILE === undefined
            ? {
                variable: 'WORKER_SK_HEX',
                expected: 'a key, here or through WORKER_SK_FILE, when NODE_ENV=production',
                got: 'nothing',
                hint: '`npm run -s tops -- keygen --out FILE` makes one',
              }
            : undefined,
      },
    ],
  },
);

/** The worker's part of docs/configuration.md. */
export const workerConfigSection: ConfigSection = {
  title: 'Worker',
  intro: 'Variables of `apps/worker`. Unknown names that start with `WORKER_` are refused.',
  schema: workerEnv,
};
