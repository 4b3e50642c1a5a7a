import { bytesToHex, hexToBytes } from '@tops/crypto';
import type { SettleInput, SettleResult } from '../ledger-store.ts';
import { nextMissScore, nextStreak, quarantineEpochs } from '../reputation.ts';
import { toReceiptRecord, toStoredReceipt, type StoredReceipt } from '../stored-records.ts';
import type { Answer } from './batcher.ts';
import type { Session } from './database.ts';
import { insertEvidence } from './evidence.ts';
import { STORED_COLUMNS } from './receipts.ts';
import { addTallies, setStreaks, TallySheet, type Streak } from './tallies.ts';
import { distinctKeys, lockStandings, quarantine } from './workers.ts';

/** A verdict of a run that finds its receipt open. */
interface Open {
  readonly index: number;
  readonly input: SettleInput;
  readonly stored: StoredReceipt;
}

/**
 * In a transaction: makes a batch of verdicts final, each as if alone. Runs of acceptances are written together; a
 * rejection, which changes other receipts of its key, is written on its own, between them.
 */
export async function settleBatch(
  session: Session,
  inputs: readonly SettleInput[],
): Promise<Answer<SettleResult>[]> {
  await lockKeysOf(session, inputs);
  const answers: Answer<SettleResult>[] = [];
  for (const run of runsOf(inputs)) answers.push(...(await settleRun(session, run)));
  return answers;
}

/** A receipt never changes its key: reading it needs no lock, and the lock then keeps all its key's receipts as they are. */
async function lockKeysOf(session: Session, inputs: readonly SettleInput[]): Promise<void> {
  const rows = await session.query(
    'SELECT DISTINCT public_key FROM receipts WHERE receipt_id = ANY ($1::bytea[])',
    inputs.map((input) => hexToBytes(input.receiptId)),
  );
  await lockStandings(session, distinctKeys(rows.map((row) => row.blob('public_key'))));
}

/** Cuts before and after every rejection. */
function runsOf(inputs: readonly SettleInput[]): SettleInput[][] {
  const runs: SettleInput[][] = [];
  for (const input of inputs) {
    const run = runs.at(-1);
    const continues = input.outcome === 'accepted' && run?.[0]?.outcome === 'accepted';
    if (continues) run?.push(input);
    else runs.push([input]);
  }
  return runs;
}

async function settleRun(
  session: Session,
  run: readonly SettleInput[],
): Promise<Answer<SettleResult>[]> {
  const ids = run.map((input) => hexToBytes(input.receiptId));
  const before = new Map(
    (
      await session.query(
        `SELECT ${STORED_COLUMNS} FROM receipts WHERE receipt_id = ANY ($1::bytea[])`,
        ids,
      )
    )
      .map(toStoredReceipt)
      .map((stored) => [stored.receiptId, stored]),
  );
  // The first verdict on a receipt that is open settles it; what repeats it in the same run finds it settled.
  const settling = new Map<string, Open>();
  run.forEach((input, index) => {
    const stored = before.get(input.receiptId);
    if (stored?.outcome !== 'open' || settling.has(input.receiptId)) return;
    settling.set(input.receiptId, { index, input, stored });
  });
  const open = [...settling.values()];
  const [first] = open;
  if (first?.input.outcome === 'rejected') await reject(session, first.stored, first.input);
  else if (first !== undefined) await accept(session, open);

  const after = new Map(
    (await session.query('SELECT * FROM receipts WHERE receipt_id = ANY ($1::bytea[])', ids))
      .map(toReceiptRecord)
      .map((record) => [record.receiptId, record]),
  );
  return run.map(({ receiptId }, index) => {
    const record = after.get(receiptId);
    if (record === undefined) return { value: { kind: 'receipt_unknown' } };
    const kind = settling.get(receiptId)?.index === index ? 'settled' : 'unchanged';
    return { value: { kind, record } };
  });
}

async function accept(session: Session, open: readonly Open[]): Promise<void> {
  await session.run(
    `UPDATE receipts SET outcome = 'accepted', settled_at_ms = new.at_ms
    FROM unnest($1::bigint[], $2::bigint[]) AS new (seq, at_ms) WHERE receipts.seq = new.seq`,
    open.map(({ stored }) => stored.seq),
    open.map(({ input }) => input.atMs),
  );
  const sheet = new TallySheet();
  const keys = distinctKeys(open.map(({ stored }) => stored.publicKey));
  const standings = await lockStandings(session, keys);
  const streaks = new Map<string, Streak>();
  for (const { input, stored } of open) {
    const { publicKey, epochId, units } = stored;
    sheet.add(publicKey, epochId, { accepted: 1, creditedUnits: units });
    const key = bytesToHex(publicKey);
    const before = streaks.get(key) ?? standings.get(key);
    streaks.set(key, {
      streakUnits: nextStreak(before?.streakUnits ?? 0n, { outcome: 'accepted', units }),
      missScore: nextMissScore(before?.missScore ?? 0, 'accepted'),
      atMs: Math.max(streaks.get(key)?.atMs ?? 0, input.atMs),
    });
  }
  await addTallies(session, sheet);
  await setStreaks(session, streaks);
}

async function reject(session: Session, open: StoredReceipt, input: SettleInput): Promise<void> {
  const { publicKey, epochId, seq } = open;
  const { atMs } = input;
  const key = bytesToHex(publicKey);
  const before = (await lockStandings(session, [publicKey])).get(key);
  await session.run(
    `UPDATE receipts SET outcome = 'rejected', mismatch_row = $1, settled_at_ms = $2 WHERE seq = $3`,
    input.row ?? null,
    atMs,
    seq,
  );
  if (input.evidence !== undefined) {
    const receiptId = hexToBytes(open.receiptId);
    await insertEvidence(session, { receiptId, proof: input.evidence, atMs });
  }
  const sheet = new TallySheet();
  sheet.add(publicKey, epochId, { rejected: 1 });
  await takeBackCredit(session, open, { atMs, sheet });
  await revokeOpen(session, open, { atMs, sheet });
  await addTallies(session, sheet);
  const streakUnits = nextStreak(before?.streakUnits ?? 0n, { outcome: 'rejected' });
  const missScore = before?.missScore ?? 0;
  await setStreaks(session, new Map([[key, { streakUnits, missScore, atMs }]]));
  if (input.quarantine !== undefined) {
    const { fromEpochId, epochCount, cleanEpochs } = input.quarantine;
    const rejectedBefore = before?.rejected ?? 0;
    const untilEpochId = fromEpochId + quarantineEpochs({ epochCount, rejectedBefore });
    await quarantine(session, { publicKey, untilEpochId, cleanEpochs });
  }
}

/** The key's accepted receipts of the epoch, whose credit is all that `credits` holds of it. */
async function takeBackCredit(
  session: Session,
  { publicKey, epochId }: StoredReceipt,
  { atMs, sheet }: { atMs: number; sheet: TallySheet },
): Promise<void> {
  const [credit] = await session.query(
    'SELECT credited_units FROM credits WHERE public_key = $1 AND epoch_id = $2',
    publicKey,
    epochId,
  );
  const revoked = await session.run(
    `UPDATE receipts SET outcome = 'revoked', settled_at_ms = $1
    WHERE epoch_id = $2 AND public_key = $3 AND outcome = 'accepted'`,
    atMs,
    epochId,
    publicKey,
  );
  const creditedUnits = -(credit?.bigint('credited_units') ?? 0n);
  sheet.add(publicKey, epochId, { creditedUnits, accepted: -revoked, revoked });
}

/** The key's other open challenges, of any epoch: bounded by the cap on open challenges. */
async function revokeOpen(
  session: Session,
  { publicKey }: StoredReceipt,
  { atMs, sheet }: { atMs: number; sheet: TallySheet },
): Promise<void> {
  const rows = await session.query(
    `UPDATE receipts SET outcome = 'revoked', settled_at_ms = $1
    WHERE outcome = 'open' AND public_key = $2 RETURNING epoch_id`,
    atMs,
    publicKey,
  );
  for (const row of rows) sheet.add(publicKey, row.integer('epoch_id'), { revoked: 1 });
}
