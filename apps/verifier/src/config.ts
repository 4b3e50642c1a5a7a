import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { parseEnv, type ConfigError, type Environment, type EnvValues } from '@tops/config';
import type { CpuKernelChoice } from '@tops/kernel-cpu';
import type { Limits } from '@tops/protocol';
import { adminConfig, readAdminTokenFile, type AdminConfig } from './admin/admin-config.ts';
import { auditConfig, type AuditConfig } from './audit-config.ts';
import { verifierSchema } from './config-schema.ts';
import { ledgerSource, readDatabaseUrlFile, type LedgerSource } from './database-config.ts';
import type { EvidenceKeeperOptions } from './evidence-keeper.ts';
import { readKeyFile, type KeyFileResult, type KeySource } from './verifier-key.ts';

export { verifierConfigSection } from './config-schema.ts';

/** Longest request body: no message of the protocol comes near it. */
const BODY_BYTES_MAX = 256 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const MEGABYTE = 1_000_000;

type Values = EnvValues<typeof verifierSchema.fields>;

/** What POST routes and the epoch clock are told; everything here is public. */
export interface ProtocolConfig {
  readonly limits: Limits;
  readonly topsEpochs: number;
  readonly quarantineEpochs: number;
  readonly cleanEpochs: number;
  readonly evidence: EvidenceKeeperOptions;
  readonly maxOpenChallengesPerAddress: number;
  /** Lower-case hex; empty means open registration. */
  readonly allowedKeys: ReadonlySet<string>;
  readonly skipSignatures: boolean;
  /** Proofs recomputed at the same time. */
  readonly verifyConcurrency: number;
}

export interface HttpConfig {
  readonly port: number;
  readonly host: string | undefined;
  readonly trustProxyHops: number;
  readonly maxConnections: number;
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly requestsPerSecondPerAddress: number;
  readonly dashboardDir: string;
  readonly metricsEnabled: boolean;
  /** Undefined while /metrics is on `port`. */
  readonly metricsPort: number | undefined;
}

export interface VerifierConfig {
  readonly production: boolean;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly dataDir: string;
  readonly ledger: LedgerSource;
  readonly shutdownDeadlineMs: number;
  readonly key: KeySource;
  readonly cpuKernel: CpuKernelChoice;
  readonly threadCount: number | undefined;
  readonly http: HttpConfig;
  /** Undefined while the admin API is off. */
  readonly admin: AdminConfig | undefined;
  readonly protocol: ProtocolConfig;
  readonly audit: AuditConfig;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: VerifierConfig }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads the environment and the secret files it names; reports every error at once. */
export function readConfig(env: Environment): ConfigResult {
  const result = parseEnv(verifierSchema, env, {
    prefixes: ['VERIFIER_', 'VERIFY_', 'ADMIN_'],
    // The command line's, which may share an environment file with the verifier.
    alsoKnown: ['ADMIN_URL', 'ADMIN_ACTOR'],
  });
  const readable = result.ok ? result.values : result.partial;
  const keyFile = readNamedKeyFile(readable);
  const urlFile = readDatabaseUrlFile(readable);
  const tokenFile = readAdminTokenFile(readable);
  const errors = [
    ...(result.ok ? [] : result.errors),
    ...(keyFile?.ok === false ? [keyFile.error] : []),
    ...(urlFile?.ok === false ? [urlFile.error] : []),
    ...(tokenFile?.ok === false ? [tokenFile.error] : []),
  ];
  if (!result.ok || errors.length > 0) return { ok: false, errors };
  const files = {
    key: keyFile?.ok === true ? keyFile.source : undefined,
    databaseUrl: urlFile?.ok === true ? urlFile : undefined,
    adminToken: tokenFile?.ok === true ? tokenFile : undefined,
  };
  return { ok: true, config: envToConfig(result.values, files) };
}

function readNamedKeyFile(values: Partial<Values>): KeyFileResult | undefined {
  const { VERIFIER_SK_FILE: path, VERIFIER_SK_HEX: seed } = values;
  // With both set, that is the error.
  return path === undefined || seed !== undefined
    ? undefined
    : readKeyFile('VERIFIER_SK_FILE', path);
}

interface SecretFiles {
  readonly key: KeySource | undefined;
  readonly databaseUrl: Parameters<typeof ledgerSource>[1]['fromFile'];
  readonly adminToken: Parameters<typeof adminConfig>[1];
}

function envToConfig(values: Values, files: SecretFiles): VerifierConfig {
  const dataDir = resolve(values.DATA_DIR);
  const topsEpochs = values.TOPS_EPOCHS;
  return {
    production: values.NODE_ENV === 'production',
    logLevel: values.LOG_LEVEL,
    dataDir,
    ledger: ledgerSource(values, { dataDir, topsEpochs, fromFile: files.databaseUrl }),
    shutdownDeadlineMs: values.SHUTDOWN_DEADLINE_MS,
    key: files.key ?? keySource(values, dataDir),
    cpuKernel: values.KERNEL_CPU,
    threadCount: values.VERIFY_THREADS,
    http: {
      port: values.PORT,
      host: values.HOST,
      trustProxyHops: values.TRUST_PROXY,
      maxConnections: values.MAX_CONNECTIONS,
      requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
      headersTimeoutMs: values.HEADERS_TIMEOUT_MS,
      requestsPerSecondPerAddress: values.REQUESTS_PER_SECOND_PER_ADDRESS,
      dashboardDir: values.DASHBOARD_DIR ?? fileURLToPath(new URL('../dashboard', import.meta.url)),
      metricsEnabled: values.METRICS_ENABLED,
      metricsPort: values.METRICS_PORT,
    },
    admin: adminConfig(values, files.adminToken),
    protocol: {
      limits: limitsOf(values),
      topsEpochs,
      quarantineEpochs: values.QUARANTINE_EPOCHS,
      cleanEpochs: values.CLEAN_EPOCHS,
      evidence: {
        keptMs: values.EVIDENCE_DAYS * DAY_MS,
        maxBytes: values.EVIDENCE_MAX_MB * MEGABYTE,
      },
      maxOpenChallengesPerAddress: values.MAX_OPEN_CHALLENGES_PER_ADDRESS,
      allowedKeys: new Set(values.VERIFY_PUBKEY),
      skipSignatures: values.VERIFY_DISABLE,
      verifyConcurrency: values.VERIFY_CONCURRENCY,
    },
    audit: auditConfig(values, { dataDir }),
  };
}

function keySource(values: Values, dataDir: string): KeySource {
  if (values.VERIFIER_SK_HEX !== undefined) return { kind: 'seed', seed: values.VERIFIER_SK_HEX };
  return { kind: 'development', dataDir };
}

function limitsOf(values: Values): Limits {
  return {
    min_rows: values.MIN_ROWS,
    max_weights: values.MAX_WEIGHTS,
    audit_rows_min: values.AUDIT_ROWS_MIN,
    audit_rows_max: values.AUDIT_ROWS_MAX,
    challenge_deadline_ms: values.CHALLENGE_DEADLINE_MS,
    grace_seconds: values.GRACE_SECONDS,
    epoch_seconds: values.EPOCH_SECONDS,
    max_open_challenges: values.MAX_OPEN_CHALLENGES,
    max_open_challenges_new_key: values.MAX_OPEN_CHALLENGES_NEW_KEY,
    receipts_per_second_per_key: values.RECEIPTS_PER_SECOND_PER_KEY,
    body_bytes: BODY_BYTES_MAX,
  };
}
