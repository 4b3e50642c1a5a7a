import { hexToBytes } from '@tops/crypto';
import type { CommitInput, CommitResult, SettleInput, SettleResult } from '../ledger-store.ts';
import { countReceipt } from '../receipt-rate.ts';
import { nextMissScore, nextStreak, openChallengesMax, quarantineEpochs } from '../reputation.ts';
import type { EpochTable } from './epoch-table.ts';
import type { EvidenceTable } from './evidence-table.ts';
import type { ReceiptTable, StoredReceipt } from './receipt-table.ts';
import type { WorkerTable } from './worker-table.ts';

export interface Tables {
  readonly epochs: EpochTable;
  readonly receipts: ReceiptTable;
  readonly evidence: EvidenceTable;
  readonly workers: WorkerTable;
}

/** Inside a transaction: stores a receipt with its challenge, or says why not. */
export function commitReceipt(input: CommitInput, tables: Tables): CommitResult {
  const { parsed } = input;
  const { publicKey } = parsed;
  const { epoch_id: epochId, nonce } = parsed.receipt;
  const stored = tables.receipts.byNonce({ epochId, publicKey, nonce });
  if (stored !== undefined) {
    return stored.receiptId === parsed.receiptId
      ? { kind: 'existing', record: stored }
      : { kind: 'nonce_already_used' };
  }
  tables.epochs.requireTakesReceipts(epochId);
  const standing = tables.workers.standing(publicKey);
  const untilEpochId = standing?.quarantinedUntilEpoch;
  if (untilEpochId !== undefined && epochId < untilEpochId) {
    return { kind: 'key_quarantined', untilEpochId };
  }
  const { receivedAtMs: atMs, maxPerSecond } = input;
  const rate = countReceipt(standing?.rate, { atMs, maxPerSecond });
  if (rate.kind === 'limited') return { kind: 'rate_limited', retryAfterMs: rate.retryAfterMs };
  const limit = openChallengesMax(standing, input);
  const openCount = tables.receipts.countOpen({ publicKey });
  if (openCount >= limit) return { kind: 'too_many_open', openCount, limit };
  tables.workers.seen({
    publicKey,
    did: parsed.workerDid,
    label: parsed.label,
    atMs,
    rate: rate.window,
  });
  return { kind: 'created', record: tables.receipts.insert(input) };
}

/** Inside a transaction: makes a verdict final, with everything that follows from it. */
export function settleReceipt(input: SettleInput, tables: Tables): SettleResult {
  const receiptId = hexToBytes(input.receiptId);
  const found = tables.receipts.getBoth(receiptId);
  if (found === undefined) return { kind: 'receipt_unknown' };
  const { stored: open, record } = found;
  if (open.outcome !== 'open') return { kind: 'unchanged', record };
  if (input.outcome === 'accepted') {
    accept(open, input, tables);
    const { units: creditedUnits } = open;
    const settled = { ...record, outcome: input.outcome, creditedUnits, settledAtMs: input.atMs };
    return { kind: 'settled', record: settled };
  }
  reject(open, input, tables);
  const rejected = tables.receipts.get(receiptId);
  if (rejected === undefined) throw new Error('a receipt just settled is not there');
  return { kind: 'settled', record: rejected };
}

/** Inside a transaction: an unanswered challenge loses its own credit and half of the key's streak, and never more. */
export function missReceipt(
  open: StoredReceipt,
  input: { readonly atMs: number },
  tables: Tables,
): void {
  const { workers, receipts } = tables;
  const { publicKey, epochId, seq } = open;
  receipts.settle({ seq, outcome: 'missed', atMs: input.atMs });
  workers.tally(publicKey, epochId, { missed: 1 });
  const before = workers.standing(publicKey);
  const streakUnits = nextStreak(before?.streakUnits ?? 0n, { outcome: 'missed' });
  const missScore = nextMissScore(before?.missScore ?? 0, 'missed');
  // Silence is no sign of life: the time last seen stays.
  workers.setStreak({ publicKey, streakUnits, missScore, atMs: 0 });
}

/**
 * The hot one: three statements, because sums and streak grow by the same units. nextStreak and nextMissScore of an
 * acceptance are written in SQL here; a spec of the port holds them equal.
 */
function accept(open: StoredReceipt, input: SettleInput, tables: Tables): void {
  const { workers, receipts } = tables;
  const { publicKey, epochId, seq, units } = open;
  receipts.settle({ seq, outcome: 'accepted', atMs: input.atMs });
  workers.accept({ publicKey, epochId, units, atMs: input.atMs });
}

function reject(open: StoredReceipt, input: SettleInput, tables: Tables): void {
  const { workers, receipts, evidence } = tables;
  const { publicKey, epochId, seq } = open;
  const { atMs } = input;
  const before = workers.standing(publicKey);
  receipts.settle({ seq, outcome: 'rejected', atMs, mismatchRow: input.row });
  workers.tally(publicKey, epochId, { rejected: 1 });
  if (input.evidence !== undefined) {
    const receiptId = hexToBytes(open.receiptId);
    evidence.insert({ receiptId, proof: input.evidence, atMs });
  }

  const revokedUnits = workers.epochUnits(publicKey, epochId);
  const revokedCount = receipts.revokeAccepted({ epochId, publicKey, atMs });
  workers.tally(publicKey, epochId, {
    creditedUnits: -revokedUnits,
    accepted: -revokedCount,
    revoked: revokedCount,
  });

  // The key's other open challenges, of any epoch: bounded by the cap on open challenges.
  for (const other of receipts.openOfKey(publicKey)) {
    receipts.settle({ seq: other.seq, outcome: 'revoked', atMs });
    workers.tally(publicKey, other.epochId, { revoked: 1 });
  }

  const streakUnits = nextStreak(before?.streakUnits ?? 0n, { outcome: 'rejected' });
  workers.setStreak({ publicKey, streakUnits, missScore: before?.missScore ?? 0, atMs });
  if (input.quarantine !== undefined) {
    const { fromEpochId, epochCount, cleanEpochs } = input.quarantine;
    const rejectedBefore = before?.rejected ?? 0;
    const untilEpochId = fromEpochId + quarantineEpochs({ epochCount, rejectedBefore });
    workers.quarantine({ publicKey, untilEpochId, cleanEpochs });
  }
}
