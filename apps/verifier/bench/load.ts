import { setTimeout as sleep } from 'node:timers/promises';
import type { Challenge } from '@tops/protocol';
import type { Answer, ConnectionPool } from './connection-pool.ts';
import { proofBody, type PreparedReceipt } from './prepared-receipts.ts';

/** Receipts not offered yet, and what became of the others. */
export class ReceiptStock {
  readonly accepted = new Set<string>();
  #unused: PreparedReceipt[] = [];

  get unusedCount(): number {
    return this.#unused.length;
  }

  add(receipts: readonly PreparedReceipt[]): void {
    for (const receipt of receipts) this.#unused.push(receipt);
  }

  take(): PreparedReceipt {
    const receipt = this.#unused.pop();
    if (receipt === undefined) throw new Error('the prepared receipts are used up');
    return receipt;
  }

  /** A receipt that was shed was never recorded, so it is as good as new. */
  giveBack(receipt: PreparedReceipt): void {
    this.#unused.push(receipt);
  }
}

/** What one phase saw; times in milliseconds from the moment a receipt was due, not from when it could be sent. */
export interface LoadSample {
  readonly commitMs: number[];
  readonly proofMs: number[];
  readonly wholeMs: number[];
  offeredCount: number;
  /** Within the time of offering. */
  acceptedInTimeCount: number;
  acceptedCount: number;
  /** Commits answered 503 with Retry-After. */
  shedCommitCount: number;
  /** Proofs answered 503 with Retry-After; each came again. */
  shedProofCount: number;
  /** Any other answer, by status and code: there should be none. */
  readonly failures: Map<string, number>;
  seconds: number;
}

export interface LoadDeps {
  readonly pool: Pick<ConnectionPool, 'post'>;
  readonly stock: ReceiptStock;
}

function emptySample(): LoadSample {
  return {
    commitMs: [],
    proofMs: [],
    wholeMs: [],
    offeredCount: 0,
    acceptedInTimeCount: 0,
    acceptedCount: 0,
    shedCommitCount: 0,
    shedProofCount: 0,
    failures: new Map(),
    seconds: 0,
  };
}

/** Open loop: receipts come at `rate` a second, whatever the answers do. */
export async function offerOpenLoop(
  options: { readonly rate: number; readonly seconds: number },
  deps: LoadDeps,
): Promise<LoadSample> {
  const sample = emptySample();
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1000;
  const running: Promise<void>[] = [];
  for (let now = startMs; now < endMs; now = performance.now()) {
    const dueCount = Math.floor(((now - startMs) / 1000) * options.rate);
    for (; sample.offeredCount < dueCount; sample.offeredCount++) {
      const dueMs = startMs + (sample.offeredCount / options.rate) * 1000;
      running.push(fullReceipt({ dueMs, endMs }, sample, deps));
    }
    await sleep(1);
  }
  sample.seconds = (performance.now() - startMs) / 1000;
  await Promise.all(running);
  return sample;
}

/** Closed loop: `clients` of them, each with its next receipt as soon as the last is answered. */
export async function offerClosedLoop(
  options: { readonly clients: number; readonly seconds: number },
  deps: LoadDeps,
): Promise<LoadSample> {
  const sample = emptySample();
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1000;
  const client = async (): Promise<void> => {
    for (let now = startMs; now < endMs; now = performance.now()) {
      sample.offeredCount++;
      await fullReceipt({ dueMs: now, endMs }, sample, deps);
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  sample.seconds = options.seconds;
  return sample;
}

/** How long a proof is tried again: the deadline of its challenge. */
const PROOF_TRIES_MS = 10_000;

async function fullReceipt(
  times: { readonly dueMs: number; readonly endMs: number },
  sample: LoadSample,
  { pool, stock }: LoadDeps,
): Promise<void> {
  const receipt = stock.take();
  const commit = await pool.post('/v1/receipts', receipt.commitBody);
  if (commit.status === 503) {
    sample.shedCommitCount++;
    stock.giveBack(receipt);
    return;
  }
  if (commit.status !== 201) {
    countFailure(sample, 'commit', commit);
    return;
  }
  const challengedMs = performance.now();
  sample.commitMs.push(challengedMs - times.dueMs);
  const { rows } = JSON.parse(commit.body) as Challenge;
  const path = `/v1/receipts/${receipt.receiptId}/proof`;
  const body = proofBody(receipt, rows);
  let proof = await pool.post(path, body);
  while (proof.status === 503 && performance.now() - challengedMs < PROOF_TRIES_MS) {
    sample.shedProofCount++;
    await sleep(1000);
    proof = await pool.post(path, body);
  }
  if (proof.status !== 200) {
    countFailure(sample, 'proof', proof);
    return;
  }
  const endedMs = performance.now();
  stock.accepted.add(receipt.receiptId);
  sample.proofMs.push(endedMs - challengedMs);
  sample.wholeMs.push(endedMs - times.dueMs);
  sample.acceptedCount++;
  if (endedMs <= times.endMs) sample.acceptedInTimeCount++;
}

function countFailure(sample: LoadSample, step: string, answer: Answer): void {
  const code = /"code":"([a-z_]+)"/.exec(answer.body)?.[1] ?? '';
  const name = `${step} ${answer.status} ${code}`;
  sample.failures.set(name, (sample.failures.get(name) ?? 0) + 1);
}

/** Asks /health ten times and /metrics once a second while `until` is pending. @returns milliseconds of each answer. */
export async function probeOperations(
  until: Promise<unknown>,
  pool: ConnectionPool,
): Promise<{ readonly healthMs: number[]; readonly metricsMs: number[] }> {
  const healthMs: number[] = [];
  const metricsMs: number[] = [];
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  const ask = async (path: string, times: number[]): Promise<void> => {
    const start = performance.now();
    const { status } = await pool.get(path);
    if (status !== 200) throw new Error(`${path}: expected 200, got ${status}`);
    times.push(performance.now() - start);
  };
  for (let round = 0; !isOver; round++) {
    const scrape = round % 10 === 0 ? ask('/metrics', metricsMs) : undefined;
    await Promise.all([ask('/health', healthMs), scrape, sleep(100)]);
  }
  return { healthMs, metricsMs };
}
