import {
  integer,
  loadSecretFile,
  path,
  text,
  type ConfigError,
  type EnvFields,
  type EnvValues,
  type Field,
} from '@tops/config';
import { parseDatabaseUrl, type PostgresLedgerOptions } from '@tops/ledger';

/** Where the ledger is: the embedded one unless a database is named. */
export type LedgerSource =
  | { readonly kind: 'sqlite'; readonly dataDir: string }
  | {
      readonly kind: 'postgres';
      readonly options: PostgresLedgerOptions;
      readonly warning?: string;
    };

/** Read as it is, so that every part of it is judged by the one who uses it; secret. */
const databaseUrl: Field<string | undefined> = {
  ...text({
    maxLength: 2048,
    secret: true,
    expected: 'postgres://user:password@host:port/database',
    describe:
      'PostgreSQL database of the ledger, for several verifiers; unset keeps the embedded one in DATA_DIR. sslmode is verify-full unless it says otherwise or the host is this machine. Or DATABASE_URL_FILE.',
  }),
  read(value) {
    const parsed = parseDatabaseUrl(value);
    return parsed.ok ? { ok: true, value } : parsed;
  },
};

export const databaseFields = {
  DATABASE_URL: databaseUrl,
  DATABASE_URL_FILE: path({ describe: 'File that holds DATABASE_URL.' }),
  DATABASE_CA_FILE: path({
    describe: 'Certificate authorities (PEM) that the database server is checked against.',
  }),
  DATABASE_SCHEMA: text({
    default: 'tops',
    pattern: /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/,
    expected: 'lower-case letters, digits and underscores, 63 at most',
    describe: 'Schema of the tables in the database; made when absent.',
  }),
  DATABASE_POOL_SIZE: integer({
    min: 4,
    max: 1000,
    default: 10,
    describe:
      'Connections to the database, held by each verifier. Three of them write; RETENTION_DAYS takes one more at times.',
  }),
  DATABASE_CONNECT_TIMEOUT_MS: integer({
    min: 100,
    max: 60_000,
    default: 5000,
    unit: 'ms',
    describe: 'How long connecting to the database, or waiting for a free connection, may take.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: integer({
    min: 100,
    max: 600_000,
    default: 15_000,
    unit: 'ms',
    describe: 'Longest a statement may run in the database.',
  }),
  DATABASE_RETRY_MS: integer({
    min: 0,
    max: 600_000,
    default: 10_000,
    unit: 'ms',
    describe:
      'How long a call, and the start, is tried again while the database is away or only reads, in a failover say.',
  }),
} satisfies EnvFields;

type Values = EnvValues<typeof databaseFields>;

export type DatabaseUrlResult =
  | { readonly ok: true; readonly url: string; readonly warning: string | undefined }
  | { readonly ok: false; readonly error: ConfigError };

/** Reads the file that DATABASE_URL_FILE names; undefined when none is, or DATABASE_URL is set too, which is the error. */
export function readDatabaseUrlFile(values: Partial<Values>): DatabaseUrlResult | undefined {
  const { DATABASE_URL_FILE: file, DATABASE_URL: url } = values;
  if (file === undefined || url !== undefined) return undefined;
  const result = loadSecretFile({
    variable: 'DATABASE_URL_FILE',
    path: file,
    field: databaseUrl as Field<string>,
  });
  return result.ok ? { ok: true, url: result.value, warning: result.warning } : result;
}

/** @param fromFile - what readDatabaseUrlFile gave. */
export function ledgerSource(
  values: Values,
  input: {
    readonly dataDir: string;
    readonly topsEpochs: number;
    readonly fromFile: Extract<DatabaseUrlResult, { readonly ok: true }> | undefined;
  },
): LedgerSource {
  const { dataDir, topsEpochs, fromFile } = input;
  const url = fromFile?.url ?? values.DATABASE_URL;
  if (url === undefined) return { kind: 'sqlite', dataDir };
  return {
    kind: 'postgres',
    options: {
      url,
      ...(values.DATABASE_CA_FILE === undefined ? {} : { caFile: values.DATABASE_CA_FILE }),
      schema: values.DATABASE_SCHEMA,
      poolSize: values.DATABASE_POOL_SIZE,
      connectTimeoutMs: values.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
      retryMs: values.DATABASE_RETRY_MS,
      topsEpochs,
    },
    ...(fromFile?.warning === undefined ? {} : { warning: fromFile.warning }),
  };
}
