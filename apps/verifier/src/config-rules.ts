import type { ConfigError } from '@tops/config';

/** What the rules read; a subset of the schema's values, spelt out so that schema and rules do not import each other. */
interface RuleValues {
  readonly NODE_ENV: string;
  readonly VERIFIER_SK_HEX: Uint8Array | undefined;
  readonly VERIFIER_SK_FILE: string | undefined;
  readonly DATABASE_URL: string | undefined;
  readonly DATABASE_URL_FILE: string | undefined;
  readonly PORT: number;
  readonly METRICS_PORT: number | undefined;
  readonly ADMIN_PORT: number | undefined;
  readonly ADMIN_TOKEN: string | undefined;
  readonly ADMIN_TOKEN_FILE: string | undefined;
  readonly VERIFY_DISABLE: boolean;
  readonly MIN_ROWS: number;
  readonly AUDIT_ROWS_MIN: number;
  readonly AUDIT_ROWS_MAX: number;
  readonly EPOCH_SECONDS: number;
  readonly RETENTION_DAYS: number | undefined;
  readonly EVIDENCE_DAYS: number;
  readonly GRACE_SECONDS: number;
  readonly MAX_OPEN_CHALLENGES: number;
  readonly MAX_OPEN_CHALLENGES_NEW_KEY: number;
  readonly REQUEST_TIMEOUT_MS: number;
  readonly HEADERS_TIMEOUT_MS: number;
}

interface Rule {
  readonly variables: readonly (keyof RuleValues)[];
  readonly check: (values: RuleValues) => ConfigError | undefined;
}

/** `smaller` may not exceed `larger`. */
function atMost(
  smaller: keyof RuleValues & string,
  larger: keyof RuleValues & string,
  hint: string,
): Rule {
  return {
    variables: [smaller, larger],
    check: (values) =>
      Number(values[smaller]) <= Number(values[larger])
        ? undefined
        : {
            variable: smaller,
            expected: `at most ${larger} (${String(values[larger])})`,
            got: String(values[smaller]),
            hint,
          },
  };
}

/** `variable` is no port of `other`; 0 is a free one each time. */
function anotherPort(
  variable: 'ADMIN_PORT' | 'METRICS_PORT',
  other: 'PORT' | 'METRICS_PORT',
  hint: string,
): Rule {
  return {
    variables: [variable, other],
    check: (values) => {
      const port = values[variable];
      if (port === undefined || port === 0 || port !== values[other]) return undefined;
      return { variable, expected: `another port than ${other}`, got: String(port), hint };
    },
  };
}

export const configRules: readonly Rule[] = [
  {
    variables: ['RETENTION_DAYS', 'EVIDENCE_DAYS'],
    check: ({ RETENTION_DAYS: retentionDays, EVIDENCE_DAYS: evidenceDays }) =>
      retentionDays === undefined || retentionDays <= evidenceDays
        ? undefined
        : {
            variable: 'RETENTION_DAYS',
            expected: `at most EVIDENCE_DAYS (${evidenceDays})`,
            got: String(retentionDays),
            hint: 'archives hold the proofs of rejections, which would be gone by then: raise EVIDENCE_DAYS',
          },
  },
  {
    variables: ['VERIFY_DISABLE', 'NODE_ENV'],
    check: (values) =>
      values.VERIFY_DISABLE && values.NODE_ENV === 'production'
        ? {
            variable: 'VERIFY_DISABLE',
            expected: '0 when NODE_ENV=production',
            got: '1',
            hint: 'without signatures anybody earns and loses credit in the name of any key',
          }
        : undefined,
  },
  {
    variables: ['VERIFIER_SK_HEX', 'VERIFIER_SK_FILE'],
    check: (values) =>
      values.VERIFIER_SK_HEX !== undefined && values.VERIFIER_SK_FILE !== undefined
        ? {
            variable: 'VERIFIER_SK_FILE',
            expected: 'unset while VERIFIER_SK_HEX is set',
            got: 'both',
          }
        : undefined,
  },
  {
    variables: ['DATABASE_URL', 'DATABASE_URL_FILE'],
    check: (values) =>
      values.DATABASE_URL !== undefined && values.DATABASE_URL_FILE !== undefined
        ? {
            variable: 'DATABASE_URL_FILE',
            expected: 'unset while DATABASE_URL is set',
            got: 'both',
          }
        : undefined,
  },
  {
    variables: ['ADMIN_TOKEN', 'ADMIN_TOKEN_FILE'],
    check: (values) =>
      values.ADMIN_TOKEN !== undefined && values.ADMIN_TOKEN_FILE !== undefined
        ? { variable: 'ADMIN_TOKEN_FILE', expected: 'unset while ADMIN_TOKEN is set', got: 'both' }
        : undefined,
  },
  {
    variables: ['ADMIN_PORT', 'ADMIN_TOKEN', 'ADMIN_TOKEN_FILE'],
    check: (values) =>
      values.ADMIN_PORT !== undefined &&
      values.ADMIN_TOKEN === undefined &&
      values.ADMIN_TOKEN_FILE === undefined
        ? {
            variable: 'ADMIN_TOKEN',
            expected: 'a token, or a path in ADMIN_TOKEN_FILE, while ADMIN_PORT is set',
            got: 'nothing',
            hint: 'openssl rand -hex 32 makes one',
          }
        : undefined,
  },
  anotherPort('ADMIN_PORT', 'PORT', 'the admin API is never on the public port'),
  anotherPort('ADMIN_PORT', 'METRICS_PORT', 'whoever scrapes metrics has no business there'),
  anotherPort('METRICS_PORT', 'PORT', 'unset it to have /metrics on PORT'),
  {
    variables: ['NODE_ENV', 'VERIFIER_SK_HEX', 'VERIFIER_SK_FILE'],
    check: (values) =>
      values.NODE_ENV === 'production' &&
      values.VERIFIER_SK_HEX === undefined &&
      values.VERIFIER_SK_FILE === undefined
        ? {
            variable: 'VERIFIER_SK_HEX',
            expected: '64 hex digits, or a path in VERIFIER_SK_FILE, when NODE_ENV=production',
            got: 'nothing',
            hint: 'npm run -s tops -- keygen makes one',
          }
        : undefined,
  },
  {
    variables: ['MIN_ROWS'],
    check: (values) =>
      values.MIN_ROWS % 64 === 0
        ? undefined
        : { variable: 'MIN_ROWS', expected: 'a multiple of 64', got: String(values.MIN_ROWS) },
  },
  atMost(
    'AUDIT_ROWS_MIN',
    'AUDIT_ROWS_MAX',
    'new keys are audited at least as much as proven ones',
  ),
  atMost('AUDIT_ROWS_MAX', 'MIN_ROWS', 'no attempt has more rows to draw from'),
  atMost('MAX_OPEN_CHALLENGES_NEW_KEY', 'MAX_OPEN_CHALLENGES', 'new keys are trusted less'),
  atMost('GRACE_SECONDS', 'EPOCH_SECONDS', 'beacons older than one epoch defeat their purpose'),
  atMost('HEADERS_TIMEOUT_MS', 'REQUEST_TIMEOUT_MS', 'headers are a part of the request'),
];
