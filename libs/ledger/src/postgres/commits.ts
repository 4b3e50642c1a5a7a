import { hexToBytes } from '@tops/crypto';
import { opsToUnits, shapeOps } from '@tops/protocol';
import { LedgerError } from '../ledger-error.ts';
import type { ReceiptRecord } from '../ledger-records.ts';
import type { CommitInput, CommitResult } from '../ledger-store.ts';
import { countReceipt, type RateWindow } from '../receipt-rate.ts';
import { openChallengesMax } from '../reputation.ts';
import { toReceiptRecord, type WorkerStanding } from '../stored-records.ts';
import type { Answer } from './batcher.ts';
import type { Session } from './database.ts';
import { distinctKeys, lockStandings, openCountsOf } from './workers.ts';

/** What a batch decides by, read under the locks that keep it as it is. */
interface Ground {
  /** Epochs of the batch → whether they take receipts; unknown ones are absent. */
  readonly epochs: ReadonlyMap<number, boolean>;
  readonly standings: ReadonlyMap<string, WorkerStanding>;
  readonly openCounts: ReadonlyMap<string, number>;
  /** Recorded receipts of the batch's slots. */
  readonly recorded: ReadonlyMap<string, ReceiptRecord>;
}

/** What the batch itself adds to, commit by commit. */
interface Progress {
  /** Open challenges by key. */
  readonly openCounts: Map<string, number>;
  /** Receipts a second by key, of those keys the batch records something of. */
  readonly rates: Map<string, RateWindow>;
  /** What is recorded, by slot. */
  readonly inserts: Map<string, CommitInput>;
}

/** What becomes of a commit; `insert` and `join` are answered from the receipt that the batch inserts into the slot. */
type Plan =
  | { readonly kind: 'answer'; readonly answer: Answer<CommitResult> }
  | { readonly kind: 'insert' | 'join'; readonly slot: string };

/**
 * In a transaction: commits a batch in its order, each as if alone. Locks come before reads: the epochs FOR SHARE, which
 * sealing waits for, then the keys by their bytes, as every change of a key's receipts does. So what was read stays true
 * until the batch is recorded, and no two batches wait for each other in a circle.
 */
export async function commitBatch(
  session: Session,
  inputs: readonly CommitInput[],
): Promise<Answer<CommitResult>[]> {
  const ground = await readGround(session, inputs);
  const progress: Progress = {
    openCounts: new Map(ground.openCounts),
    rates: new Map(),
    inserts: new Map(),
  };
  const plans = inputs.map((input) => plan(input, ground, progress));
  const inserted = await insertReceipts(session, progress);
  return plans.map((planned) => {
    if (planned.kind === 'answer') return planned.answer;
    const record = inserted.get(planned.slot);
    if (record === undefined) throw new Error('a receipt just inserted is not there');
    return { value: { kind: planned.kind === 'insert' ? 'created' : 'existing', record } };
  });
}

/** Decides one commit, and notes what it adds to the batch. */
function plan(input: CommitInput, ground: Ground, progress: Progress): Plan {
  const { openCounts, rates, inserts } = progress;
  const { receipt, receiptId } = input.parsed;
  const { epoch_id: epochId, public_key_hex: key } = receipt;
  const slot = slotOf(receipt);
  const answer = (value: CommitResult) => ({ kind: 'answer', answer: { value } }) as const;

  const recorded = ground.recorded.get(slot);
  const holder = recorded?.receiptId ?? inserts.get(slot)?.parsed.receiptId;
  if (holder !== undefined && holder !== receiptId) return answer({ kind: 'nonce_already_used' });
  if (recorded !== undefined) return answer({ kind: 'existing', record: recorded });
  if (holder !== undefined) return { kind: 'join', slot };

  const error = epochError(epochId, ground.epochs);
  if (error !== undefined) return { kind: 'answer', answer: { error } };
  const standing = ground.standings.get(key);
  const untilEpochId = standing?.quarantinedUntilEpoch;
  if (untilEpochId !== undefined && epochId < untilEpochId) {
    return answer({ kind: 'key_quarantined', untilEpochId });
  }
  const { receivedAtMs: atMs, maxPerSecond } = input;
  const rate = countReceipt(rates.get(key) ?? standing?.rate, { atMs, maxPerSecond });
  if (rate.kind === 'limited') {
    return answer({ kind: 'rate_limited', retryAfterMs: rate.retryAfterMs });
  }
  const limit = openChallengesMax(standing, input);
  const openCount = openCounts.get(key) ?? 0;
  if (openCount >= limit) return answer({ kind: 'too_many_open', openCount, limit });
  openCounts.set(key, openCount + 1);
  rates.set(key, rate.window);
  inserts.set(slot, input);
  return { kind: 'insert', slot };
}

async function readGround(session: Session, inputs: readonly CommitInput[]): Promise<Ground> {
  const epochs = await lockEpochs(session, inputs);
  const registering = inputs.filter(
    (input) => epochs.get(input.parsed.receipt.epoch_id) === true && newKeyLimit(input) > 0,
  );
  await registerKeys(session, registering);
  const keys = distinctKeys(inputs.map((input) => input.parsed.publicKey));
  return {
    epochs,
    standings: await lockStandings(session, keys),
    openCounts: await openCountsOf(session, keys),
    recorded: await recordedIn(session, inputs),
  };
}

async function lockEpochs(
  session: Session,
  inputs: readonly CommitInput[],
): Promise<Map<number, boolean>> {
  const ids = new Set(inputs.map((input) => input.parsed.receipt.epoch_id));
  const rows = await session.query(
    `SELECT epoch_id, takes_receipts::int::bigint AS takes FROM epochs
    WHERE epoch_id = ANY ($1::bigint[]) ORDER BY epoch_id FOR SHARE`,
    [...ids],
  );
  return new Map(rows.map((row) => [row.integer('epoch_id'), row.integer('takes') === 1]));
}

/** A key without a row has nothing to lock; of several transactions that register it, the others wait for the first. */
async function registerKeys(session: Session, inputs: readonly CommitInput[]): Promise<void> {
  const byKey = new Map(inputs.map((input) => [input.parsed.receipt.public_key_hex, input]));
  if (byKey.size === 0) return;
  const firsts = [...byKey.values()];
  await session.run(
    `INSERT INTO workers (public_key, did, last_seen_at_ms)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[]) AS new (public_key, did, at_ms)
    ORDER BY public_key ON CONFLICT (public_key) DO NOTHING`,
    firsts.map((input) => input.parsed.publicKey),
    firsts.map((input) => input.parsed.workerDid),
    firsts.map((input) => input.receivedAtMs),
  );
}

async function recordedIn(
  session: Session,
  inputs: readonly CommitInput[],
): Promise<Map<string, ReceiptRecord>> {
  const receipts = inputs.map((input) => input.parsed);
  const rows = await session.query(
    `SELECT r.* FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS slot (epoch_id, public_key, nonce)
    JOIN receipts r USING (epoch_id, public_key, nonce)`,
    receipts.map(({ receipt }) => receipt.epoch_id),
    receipts.map(({ publicKey }) => publicKey),
    receipts.map(({ receipt }) => receipt.nonce),
  );
  return new Map(rows.map(toReceiptRecord).map((record) => [slotOf(record.receipt), record]));
}

async function insertReceipts(
  session: Session,
  { inserts, rates }: Progress,
): Promise<Map<string, ReceiptRecord>> {
  const inputs = [...inserts.values()];
  if (inputs.length === 0) return new Map();
  // Rows get their seq in the order of the arrays, which is the order of the batch.
  const rows = await session.query(
    `INSERT INTO receipts (receipt_id, epoch_id, public_key, nonce, units, receipt_json, rows_json, deadline_at_ms,
      challenge_sig, received_at_ms)
    SELECT receipt_id, epoch_id, public_key, nonce, units, receipt_json, rows_json, deadline_at_ms, challenge_sig, at_ms
    FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[],
      $9::bytea[], $10::bigint[]) WITH ORDINALITY
      AS new (receipt_id, epoch_id, public_key, nonce, units, receipt_json, rows_json, deadline_at_ms, challenge_sig,
        at_ms, position)
    ORDER BY position RETURNING *`,
    inputs.map((input) => hexToBytes(input.parsed.receiptId)),
    inputs.map((input) => input.parsed.receipt.epoch_id),
    inputs.map((input) => input.parsed.publicKey),
    inputs.map((input) => input.parsed.receipt.nonce),
    inputs.map((input) => opsToUnits(shapeOps(input.parsed.receipt.sizes))),
    inputs.map((input) => JSON.stringify(input.parsed.receipt)),
    inputs.map((input) => JSON.stringify(input.rows)),
    inputs.map((input) => input.deadlineAtMs),
    inputs.map((input) => hexToBytes(input.challengeSigHex)),
    inputs.map((input) => input.receivedAtMs),
  );
  await noteLatest(session, inputs, rates);
  return new Map(rows.map(toReceiptRecord).map((record) => [slotOf(record.receipt), record]));
}

/** The label is that of the key's latest receipt; a key without one has none. The rate goes with it, at no further write. */
async function noteLatest(
  session: Session,
  inputs: readonly CommitInput[],
  rates: ReadonlyMap<string, RateWindow>,
): Promise<void> {
  const latest = new Map<string, { input: CommitInput; atMs: number }>();
  for (const input of inputs) {
    const key = input.parsed.receipt.public_key_hex;
    const atMs = Math.max(latest.get(key)?.atMs ?? 0, input.receivedAtMs);
    latest.set(key, { input, atMs });
  }
  const notes = [...latest.values()];
  const windows = [...latest.keys()].map((key) => rates.get(key));
  await session.run(
    `UPDATE workers SET label = new.label, last_seen_at_ms = greatest(last_seen_at_ms, new.at_ms),
      rate_window_at_ms = new.rate_window_at_ms, rate_count = new.rate_count
    FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
      AS new (public_key, label, at_ms, rate_window_at_ms, rate_count)
    WHERE workers.public_key = new.public_key`,
    notes.map(({ input }) => input.parsed.publicKey),
    notes.map(({ input }) => input.parsed.label ?? null),
    notes.map(({ atMs }) => atMs),
    windows.map((window) => window?.startedAtMs ?? 0),
    windows.map((window) => window?.count ?? 0),
  );
}

function epochError(
  epochId: number,
  epochs: ReadonlyMap<number, boolean>,
): LedgerError | undefined {
  const takesReceipts = epochs.get(epochId);
  if (takesReceipts === true) return undefined;
  return takesReceipts === undefined
    ? new LedgerError('epoch_unknown', `epoch ${epochId} was never opened`)
    : new LedgerError('epoch_sealed', `epoch ${epochId} takes no more receipts`);
}

function newKeyLimit(input: CommitInput): number {
  return Math.min(input.maxOpenNewKey, input.maxOpen);
}

/** What may hold one receipt: (epoch, key, nonce). */
function slotOf(receipt: ReceiptRecord['receipt']): string {
  return `${receipt.epoch_id} ${receipt.public_key_hex} ${receipt.nonce}`;
}
