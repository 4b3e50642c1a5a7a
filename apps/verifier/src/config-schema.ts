import {
  choice,
  defineEnv,
  flag,
  hexBytes,
  hexKeyList,
  integer,
  path,
  text,
  type ConfigSection,
  type EnvFields,
} from '@tops/config';
import { cpuKernelChoices } from '@tops/kernel-cpu';
import { CLEAN_EPOCHS_DEFAULT } from '@tops/ledger';
import { adminFields } from './admin/admin-config.ts';
import { auditFields } from './audit-config.ts';
import { configRules } from './config-rules.ts';
import { databaseFields } from './database-config.ts';

const processFields = {
  NODE_ENV: choice({
    values: ['development', 'test', 'production'],
    default: 'development',
    describe:
      'production refuses what only helps development: a key it makes itself, VERIFY_DISABLE.',
  }),
  LOG_LEVEL: choice({
    values: ['error', 'warn', 'info', 'debug'],
    default: 'info',
    describe: 'Least severe level that is logged.',
  }),
  DATA_DIR: path({
    default: './data/verifier',
    describe: 'Directory of the ledger and, in development, of the key. One process at a time.',
  }),
  METRICS_ENABLED: flag({ default: true, describe: '0 turns GET /metrics off.' }),
  DASHBOARD_DIR: path({
    describe: 'Built dashboard to serve under /; unset takes the one built beside the program.',
  }),
  SHUTDOWN_DEADLINE_MS: integer({
    min: 100,
    max: 600_000,
    default: 15_000,
    unit: 'ms',
    describe: 'How long requests in flight may take to finish after SIGTERM or SIGINT.',
  }),
} satisfies EnvFields;

const httpFields = {
  PORT: integer({ min: 0, max: 65_535, default: 8081, describe: 'TCP port; 0 takes a free one.' }),
  HOST: text({ maxLength: 255, describe: 'Address to listen on; unset listens on all.' }),
  METRICS_PORT: integer({
    min: 0,
    max: 65_535,
    describe:
      'TCP port of GET /metrics, which is then not on PORT, with /health and /ready for probes; unset keeps it on PORT, 0 takes a free one.',
  }),
  TRUST_PROXY: integer({
    min: 0,
    max: 16,
    default: 0,
    unit: 'hops',
    describe:
      'Proxies in front whose X-Forwarded-For is believed. 0 takes the address of the connection.',
  }),
  MAX_CONNECTIONS: integer({
    min: 1,
    max: 65_535,
    default: 2048,
    describe: 'Connections held at once; further ones are dropped.',
  }),
  REQUEST_TIMEOUT_MS: integer({
    min: 100,
    max: 300_000,
    default: 15_000,
    unit: 'ms',
    describe: 'A request must have arrived in full within this time, else 408.',
  }),
  HEADERS_TIMEOUT_MS: integer({
    min: 100,
    max: 300_000,
    default: 5_000,
    unit: 'ms',
    describe: 'The headers of a request must have arrived within this time, else 408.',
  }),
  REQUESTS_PER_SECOND_PER_ADDRESS: integer({
    min: 1,
    max: 1_000_000,
    default: 1000,
    describe:
      'Requests an address (IPv6: a /64) may send to this verifier in one second, else 429.',
  }),
} satisfies EnvFields;

const trustFields = {
  VERIFIER_SK_HEX: hexBytes({
    bytes: 32,
    secret: true,
    describe: "The verifier's own Ed25519 seed, which signs challenges. Or VERIFIER_SK_FILE.",
  }),
  VERIFIER_SK_FILE: path({
    describe:
      'File that holds the seed in hex. Without either, development makes a key in DATA_DIR.',
  }),
  VERIFY_PUBKEY: hexKeyList({
    describe:
      'Worker keys that may register, beside those that operators allow. Empty: open registration.',
  }),
  VERIFY_DISABLE: flag({
    default: false,
    describe: '1 skips the signature check of receipts. Refused in production.',
  }),
  VERIFY_CONCURRENCY: integer({
    min: 1,
    max: 256,
    default: 4,
    describe: 'Proofs recomputed at the same time; the others wait in a bounded queue.',
  }),
  KERNEL_CPU: choice({
    describe:
      'CPU kernel. auto: the native one where it was built and computes right, else WebAssembly. native refuses to start without; wasm never loads native code; reference is the plain one, some hundred times slower.',
    values: cpuKernelChoices,
    default: 'auto',
  }),
  VERIFY_THREADS: integer({
    min: 1,
    max: 1024,
    describe: 'Threads of the recomputing kernel; unset takes one a core.',
  }),
} satisfies EnvFields;

const protocolFields = {
  MIN_ROWS: integer({
    min: 64,
    max: 2 ** 24,
    default: 4096,
    unit: 'rows',
    describe: 'Smallest m taken, a multiple of 64: keeps checking far cheaper than working.',
  }),
  MAX_WEIGHTS: integer({
    min: 8192,
    max: 2 ** 29,
    default: 2 ** 25,
    unit: 'bytes',
    describe: 'Largest k·n + n·n taken: bounds the weights this process keeps in memory.',
  }),
  AUDIT_ROWS_MIN: integer({
    min: 1,
    max: 128,
    default: 8,
    unit: 'rows',
    describe: 'Rows challenged of a key with a long clean record.',
  }),
  AUDIT_ROWS_MAX: integer({
    min: 1,
    max: 128,
    default: 64,
    unit: 'rows',
    describe: 'Rows challenged of a new or lately failed key.',
  }),
  EPOCH_SECONDS: integer({
    min: 1,
    max: 86_400,
    default: 60,
    unit: 's',
    describe: 'Length of an epoch. A larger value later would lower epoch ids and is refused.',
  }),
  GRACE_SECONDS: integer({
    min: 0,
    max: 3600,
    default: 5,
    unit: 's',
    describe: 'How long receipts of an epoch are still taken after it closed.',
  }),
  CHALLENGE_DEADLINE_MS: integer({
    min: 100,
    max: 600_000,
    default: 10_000,
    unit: 'ms',
    describe: 'Time a worker has to answer a challenge.',
  }),
  TOPS_EPOCHS: integer({
    min: 1,
    max: 10_000,
    default: 10,
    unit: 'epochs',
    describe: 'Sealed epochs that verified TOPS average over.',
  }),
} satisfies EnvFields;

const limitFields = {
  MAX_OPEN_CHALLENGES: integer({
    min: 1,
    max: 100_000,
    default: 32,
    describe: 'Unanswered challenges a key may hold.',
  }),
  MAX_OPEN_CHALLENGES_NEW_KEY: integer({
    min: 1,
    max: 100_000,
    default: 4,
    describe: 'Unanswered challenges a new or lately failed key may hold.',
  }),
  MAX_OPEN_CHALLENGES_PER_ADDRESS: integer({
    min: 1,
    max: 100_000,
    default: 512,
    describe: 'Unanswered challenges the keys of one address (IPv6: a /64) may hold together.',
  }),
  RECEIPTS_PER_SECOND_PER_KEY: integer({
    min: 1,
    max: 1_000_000,
    default: 50,
    describe:
      'Receipts a key may submit in one second, charged after its signature verified. Over all verifiers of one ledger.',
  }),
  QUARANTINE_EPOCHS: integer({
    min: 1,
    max: 1_000_000,
    default: 60,
    unit: 'epochs',
    describe:
      'How long a key is refused after a row of it was proven wrong; doubled every further time, up to 64 times as long.',
  }),
  CLEAN_EPOCHS: integer({
    min: 0,
    max: 1_000_000,
    default: CLEAN_EPOCHS_DEFAULT,
    unit: 'epochs',
    describe:
      'Epochs with an accepted and no rejected receipt that a key owes after its quarantine, at AUDIT_ROWS_MAX and the cap of new keys.',
  }),
  EVIDENCE_DAYS: integer({
    min: 1,
    max: 36_500,
    default: 30,
    unit: 'days',
    describe: 'How long the proof that a rejected receipt was contradicted by can be downloaded.',
  }),
  EVIDENCE_MAX_MB: integer({
    min: 1,
    max: 1_000_000,
    default: 256,
    unit: 'MB',
    describe:
      'Room for such proofs, some 14 to 40 kB each by default limits: keys cost nothing, so their number has no bound of its own. The oldest go first.',
  }),
} satisfies EnvFields;

/** Every variable the verifier reads, with the rules over several of them. */
export const verifierSchema = defineEnv(
  {
    ...processFields,
    ...databaseFields,
    ...httpFields,
    ...adminFields,
    ...trustFields,
    ...protocolFields,
    ...limitFields,
    ...auditFields,
  },
  { rules: configRules },
);

/** The verifier's part of docs/configuration.md. */
export const verifierConfigSection: ConfigSection = {
  title: 'Verifier',
  intro:
    'Variables of `apps/verifier`. Unknown names that start with `VERIFIER_`, `VERIFY_` or `ADMIN_` are refused. ' +
    'Every error, one of the key file included, is reported at once and ends the process with exit code 78.',
  schema: verifierSchema,
};
