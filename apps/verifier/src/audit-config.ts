import { resolve } from 'node:path';
import { integer, path, url, type EnvFields, type EnvValues } from '@tops/config';

const DAY_MS = 86_400_000;

/** Where heads go besides the ledger, and how long receipts stay in it. */
export interface AuditConfig {
  readonly anchorFile?: string;
  readonly anchorUrl?: string;
  /** Absent: every receipt stays. */
  readonly retention?: { readonly keepMs: number; readonly archiveDir: string };
}

export const auditFields = {
  HEAD_ANCHOR_FILE: path({
    describe:
      'File that every signed head is appended to, one JSON line each: put it where this machine cannot rewrite it. Each verifier needs its own.',
  }),
  HEAD_ANCHOR_URL: url({
    describe:
      'Address that every signed head is posted to as JSON, three attempts each. Redirects are not followed.',
  }),
  RETENTION_DAYS: integer({
    min: 1,
    max: 36_500,
    unit: 'days',
    describe:
      'Days after which the receipts of a sealed epoch leave the ledger, once ARCHIVE_DIR has them; credits, roots and heads stay. At most EVIDENCE_DAYS. Unset: never.',
  }),
  ARCHIVE_DIR: path({
    describe:
      'Directory of the archives of RETENTION_DAYS, a file an epoch; DATA_DIR/archive when unset.',
  }),
} satisfies EnvFields;

export function auditConfig(
  values: EnvValues<typeof auditFields>,
  { dataDir }: { readonly dataDir: string },
): AuditConfig {
  const { HEAD_ANCHOR_FILE: file, HEAD_ANCHOR_URL: address, RETENTION_DAYS: days } = values;
  const archiveDir = resolve(values.ARCHIVE_DIR ?? `${dataDir}/archive`);
  return {
    ...(file === undefined ? {} : { anchorFile: resolve(file) }),
    ...(address === undefined ? {} : { anchorUrl: address }),
    ...(days === undefined ? {} : { retention: { keepMs: days * DAY_MS, archiveDir } }),
  };
}
