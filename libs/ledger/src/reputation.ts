import { OPS_UNIT } from '@tops/protocol';
import type { WorkerRecord } from './ledger-store.ts';

/** One step of trust by default: 2^46 ops, about a minute at 1 TOPS. */
export const TRUST_OPS_UNIT_DEFAULT = 2n ** 46n;

/** Standing accepted receipts below which a key counts as new: the open-challenge cap of new keys applies. */
export const NEW_KEY_RECEIPTS = 16;

/** How many rows a challenge draws. */
export interface AuditPolicy {
  readonly auditRowsMin: number;
  readonly auditRowsMax: number;
  /** Rows of the attempt, no challenge has more; absent to tell the next challenge's rows whatever the shape. */
  readonly m?: number;
  /** Ops of one step of trust; TRUST_OPS_UNIT_DEFAULT when absent. */
  readonly trustOpsUnit?: bigint;
}

/** What reputation reads of a key's record. */
export type Reputation = Pick<WorkerRecord, 'accepted' | 'streakUnits'>;

/**
 * Rows to draw for a key's next challenge. The streak is the ops accepted since the key's last rejection (a rejection sets it to
 * 0, a missed answer halves it). Weighted by ops, not receipts: trust cannot be had cheaply with many tiny receipts.
 *
 * | streak in steps of trust | rows (64 … 8) |
 * |---|---|
 * | none: new or just failed | AUDIT_ROWS_MAX (64) |
 * | below 1 | AUDIT_ROWS_MAX (64) |
 * | from 1 | a half (32) |
 * | from 10 | a quarter (16) |
 * | from 100 | an eighth (8) |
 *
 * Never below AUDIT_ROWS_MIN and never above m.
 *
 * @param record - the key's record, undefined for a key never seen.
 */
export function auditRows(record: Reputation | undefined, policy: AuditPolicy): number {
  const streakOps = (record?.streakUnits ?? 0n) * OPS_UNIT;
  const step = policy.trustOpsUnit ?? TRUST_OPS_UNIT_DEFAULT;
  const halvings = [1n, 10n, 100n].filter((steps) => streakOps >= steps * step).length;
  const wanted = Math.floor(policy.auditRowsMax / 2 ** halvings);
  return Math.min(Math.max(wanted, policy.auditRowsMin), policy.auditRowsMax, policy.m ?? Infinity);
}

/**
 * Whether the cap for new keys applies: too few standing accepted receipts, or none accepted since the last rejection.
 *
 * @param record - the key's record, undefined for a key never seen.
 */
export function isNewKey(record: Reputation | undefined): boolean {
  return record === undefined || record.accepted < NEW_KEY_RECEIPTS || record.streakUnits === 0n;
}

/** The streak after one more outcome of the key. */
export function nextStreak(
  streakUnits: bigint,
  event:
    | { readonly outcome: 'accepted'; readonly units: bigint }
    | { readonly outcome: 'rejected' | 'missed' },
): bigint {
  switch (event.outcome) {
    case 'accepted':
      return streakUnits + event.units;
    case 'rejected':
      return 0n;
    case 'missed':
      return streakUnits / 2n;
  }
}
