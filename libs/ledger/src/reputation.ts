import { OPS_UNIT } from '@tops/protocol';
import type { WorkerRecord, WorkerState } from './ledger-records.ts';

// What a key's record earns it: rows asked for, challenges it may hold open, and the word for it. After BOINC's adaptive
// replication (https://github.com/BOINC/boinc/wiki/AdaptiveReplication), where a host whose results were valid so many times
// in a row is checked seldom, and one invalid result takes that back. ADR 0012 says what differs; docs/reputation.md holds
// the tables, made from the constants of this file.

/** One step of trust by default: 2^46 ops, about a minute at 1 TOPS. */
export const TRUST_OPS_UNIT_DEFAULT = 2n ** 46n;

/** Standing accepted receipts below which a key counts as new: the open-challenge cap of new keys applies. */
export const NEW_KEY_RECEIPTS = 16;

/** Clean epochs a key owes after a quarantine, by default: ten minutes of work at full audit. */
export const CLEAN_EPOCHS_DEFAULT = 10;

/** A quarantine is doubled at most this often: 64 times the first. */
export const QUARANTINE_DOUBLINGS_MAX = 6;

/** A score of misses that says that every late answer was missed; see nextMissScore. */
export const MISS_SCORE_ALL = 2 ** 20;

/** How many answers the score of misses reaches back, about. */
export const MISS_WINDOW = 64;

/** Streak in steps of trust → the share of AUDIT_ROWS_MAX that is asked for; the last step asks for AUDIT_ROWS_MIN. */
export const TRUST_STEPS = [
  { steps: 1n, share: 1 / 2 },
  { steps: 10n, share: 1 / 4 },
  { steps: 100n, share: 0 },
] as const;

/** Share of late answers missed → the share of AUDIT_ROWS_MAX asked for at least, and of MAX_OPEN_CHALLENGES had at most. */
export const MISS_STEPS = [
  { missed: 1 / 8, leastShare: 1 / 2, openShare: 1 / 2 },
  { missed: 1 / 4, leastShare: 1, openShare: 1 / 4 },
  { missed: 1 / 2, leastShare: 1, openShare: 0 },
] as const;

/** How many rows a challenge draws. */
export interface AuditPolicy {
  readonly auditRowsMin: number;
  readonly auditRowsMax: number;
  /** Rows of the attempt, no challenge has more; absent to tell the next challenge's rows whatever the shape. */
  readonly m?: number;
  /** Ops the receipt at hand would be credited; absent to tell the next challenge's rows whatever the shape. */
  readonly receiptOps?: bigint;
  /** Ops of one step of trust; TRUST_OPS_UNIT_DEFAULT when absent. */
  readonly trustOpsUnit?: bigint;
}

/** How many unanswered challenges a key may hold. */
export interface OpenPolicy {
  readonly maxOpen: number;
  readonly maxOpenNewKey: number;
}

/** What reputation reads of a key's record. */
export type Reputation = Pick<
  WorkerRecord,
  'accepted' | 'streakUnits' | 'missScore' | 'probationEpochs'
>;

/** What a record comes to. */
export interface Assessment {
  readonly state: WorkerState;
  readonly auditRows: number;
  readonly maxOpen: number;
}

/**
 * The rule, whole: what a key may do and how closely it is looked at, from its record and from nothing else.
 *
 * @param record - undefined for a key never seen.
 * @param policy - `epochId`: the latest opened epoch.
 */
export function assess(
  record: (Reputation & Pick<WorkerRecord, 'quarantinedUntilEpoch'>) | undefined,
  policy: AuditPolicy & OpenPolicy & { readonly epochId: number },
): Assessment {
  return {
    state: workerState(record, policy.epochId),
    auditRows: auditRows(record, policy),
    maxOpen: openChallengesMax(record, policy),
  };
}

/**
 * Rows to draw for a key's next challenge. The streak is the ops accepted since the key's last rejection (a missed answer
 * halves it). By ops, not receipts: trust cannot be had cheaply with many tiny receipts. And by the ops of the receipt at
 * hand, where that is more than a step of trust: no receipt is trusted that is large against what the key has shown.
 *
 * @param record - the key's record, undefined for a key never seen.
 */
export function auditRows(record: Reputation | undefined, policy: AuditPolicy): number {
  const { auditRowsMin, auditRowsMax } = policy;
  const share = Math.max(trustedShare(record, policy), missStep(record)?.leastShare ?? 0);
  const wanted = Math.max(Math.floor(auditRowsMax * share), auditRowsMin);
  return Math.min(wanted, auditRowsMax, policy.m ?? Infinity);
}

function trustedShare(record: Reputation | undefined, policy: AuditPolicy): number {
  if (record === undefined || record.probationEpochs > 0) return 1;
  const stepOps = policy.trustOpsUnit ?? TRUST_OPS_UNIT_DEFAULT;
  const receiptOps = policy.receiptOps ?? 0n;
  const unitOps = receiptOps > stepOps ? receiptOps : stepOps;
  const streakOps = record.streakUnits * OPS_UNIT;
  return TRUST_STEPS.findLast(({ steps }) => streakOps >= steps * unitOps)?.share ?? 1;
}

/** Unanswered challenges a key may hold: each takes room and time of the verifier's, so it is for those who answer. */
export function openChallengesMax(record: Reputation | undefined, policy: OpenPolicy): number {
  const least = Math.min(policy.maxOpenNewKey, policy.maxOpen);
  if (record === undefined || isNewKey(record) || record.probationEpochs > 0) return least;
  const share = missStep(record)?.openShare ?? 1;
  return Math.max(Math.floor(policy.maxOpen * share), least);
}

/** @param epochId - the latest opened epoch. */
export function workerState(
  record: (Reputation & Pick<WorkerRecord, 'quarantinedUntilEpoch'>) | undefined,
  epochId: number,
): WorkerState {
  if (record === undefined) return 'new';
  if (epochId < (record.quarantinedUntilEpoch ?? 0)) return 'quarantined';
  if (record.probationEpochs > 0) return 'probation';
  return isNewKey(record) ? 'new' : 'active';
}

/** Too few standing accepted receipts, or none that still counts. */
function isNewKey(record: Reputation): boolean {
  return record.accepted < NEW_KEY_RECEIPTS || record.streakUnits === 0n;
}

function missStep(record: Reputation | undefined) {
  const missed = (record?.missScore ?? 0) / MISS_SCORE_ALL;
  return MISS_STEPS.findLast((step) => missed >= step.missed);
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

/**
 * The share of late answers that were missed, in parts of MISS_SCORE_ALL: an exponential mean with a weight of 1/64 for the
 * latest, in integers, so that both databases and this function count alike. A rejected answer came, so it leaves the score as
 * it is.
 */
export function nextMissScore(missScore: number, outcome: 'accepted' | 'missed'): number {
  return outcome === 'accepted'
    ? missScore - Math.floor(missScore / MISS_WINDOW)
    : missScore + Math.floor((MISS_SCORE_ALL - missScore) / MISS_WINDOW);
}

/**
 * How long a key is refused: twice as long with every time it was proven wrong before, up to a bound.
 *
 * @param input - `epochCount`: of a first quarantine; `rejectedBefore`: the key's rejected receipts, the one at hand not counted.
 */
export function quarantineEpochs(input: {
  readonly epochCount: number;
  readonly rejectedBefore: number;
}): number {
  return input.epochCount * 2 ** Math.min(input.rejectedBefore, QUARANTINE_DOUBLINGS_MAX);
}

/**
 * Whether a sealed epoch pays off one of the clean epochs that a key owes: it was there and answered rightly. Missed answers
 * make an epoch neither clean nor dirty: silence proves nothing, and a key that only stays away gets no closer to trust.
 */
export function isCleanEpoch(tally: {
  readonly accepted: number;
  readonly rejected: number;
}): boolean {
  return tally.accepted > 0 && tally.rejected === 0;
}
