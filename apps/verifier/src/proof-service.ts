import { concatBytes } from '@tops/crypto';
import type { FoldOpening } from '@tops/kernel-cpu';
import type { LedgerStore, QuarantineTerm, ReceiptRecord } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import {
  jcsBytes,
  OPS_UNIT,
  parseJson,
  parseProof,
  parseReceipt,
  type ParsedReceipt,
  type Problem,
} from '@tops/protocol';
import { checkProofFold, rowMismatch } from '@tops/verification';
import type { BoundedRateLimiter } from './bounded-rate-limiter.ts';
import { InFlight } from './in-flight.ts';
import type { EpochClock } from './epoch-clock.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import type { Clock } from './clock.ts';
import type { ProtocolConfig } from './config.ts';
import type { VerifierMetrics } from './metrics.ts';
import type { OpenChallenges } from './open-challenges.ts';
import type { RecentChallenges } from './recent-challenges.ts';
import type { Submission } from './receipt-service.ts';
import { refuse, refuseWith, type Refusal } from './refusal.ts';
import type { RowClaim, RowJudge } from './row-judge.ts';

/** `accepted` also answers the same proof again; a rejected row is a Refusal with code row_mismatch. */
export type ProofResult = { readonly kind: 'accepted'; readonly record: ReceiptRecord } | Refusal;

export interface ProofServiceDeps {
  readonly ledger: LedgerStore;
  readonly epochs: Pick<EpochClock, 'currentEpochId'>;
  readonly judge: RowJudge;
  /** That of @tops/verification when absent. */
  readonly foldOpening?: FoldOpening | undefined;
  /** Charged with each proof that does not fold: by receipt and address, and by address over all receipts. */
  readonly malformedLimiter: BoundedRateLimiter;
  readonly malformedAddressLimiter: BoundedRateLimiter;
  readonly openChallenges: OpenChallenges;
  readonly recentChallenges: RecentChallenges;
  readonly evidence: Pick<EvidenceKeeper, 'noteKept'>;
  readonly clock: Clock;
  readonly metrics: VerifierMetrics;
  readonly logger: Logger;
}

interface FoldedProof extends RowClaim {
  readonly siblings: Uint8Array;
}

/** Takes the answers to challenges. Folding comes before recomputation, so that junk costs next to nothing. */
export class ProofService {
  readonly #config: ProtocolConfig;
  readonly #deps: ProofServiceDeps;
  readonly #inFlight = new InFlight<string>();
  readonly #verdicts = new Map<string, Promise<ProofResult>>();

  constructor(config: ProtocolConfig, deps: ProofServiceDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Receipt id → arrival of the earliest answer not judged yet: one in time keeps its challenge from expiring. */
  answersInFlight(): ReadonlyMap<string, number> {
    return this.#inFlight.earliestArrivals();
  }

  /** @param receiptId - 64 lower-case hex digits. */
  async submit(receiptId: string, submission: Submission): Promise<ProofResult> {
    // Before the first await: an answer in time keeps its challenge open from its arrival on.
    const leave = this.#inFlight.enter(receiptId, submission.arrivedAtMs);
    try {
      return await this.#take(receiptId, submission);
    } finally {
      leave();
    }
  }

  async #take(receiptId: string, submission: Submission): Promise<ProofResult> {
    const json = parseJson(submission.bytes);
    if (!json.ok) return refuse(json.problem);
    const proof = parseProof(json.value);
    if (!proof.ok) return refuse(proof.problem);
    const recent = this.#deps.recentChallenges.get(receiptId);
    const record = recent?.record ?? (await this.#deps.ledger.getReceipt(receiptId));
    if (record === undefined) {
      return refuseWith('receipt_not_found', 'expected the id of a recorded receipt, got another');
    }
    const closed = closedProblem(record, submission.arrivedAtMs);
    if (closed !== undefined) return refuse(closed);

    const { address } = submission;
    const waitMs = await this.#malformedWaitMs(record, address);
    if (waitMs > 0) {
      const detail = 'expected a proof that folds to the work root, got too many that do not';
      return refuseWith('rate_limited', detail, waitMs);
    }
    const parsed = recent?.parsed ?? parsedReceiptOf(record);
    const problem = checkProofFold(
      { parsed, rows: record.rows, ...proof.value },
      this.#deps.foldOpening,
    );
    if (problem !== undefined) {
      await this.#deps.malformedLimiter.take(attempterOf(record, address));
      await this.#deps.malformedAddressLimiter.take(address);
      return refuse(problem);
    }
    return record.outcome === 'open'
      ? this.#verdictOf(record, { parsed, rows: record.rows, ...proof.value, address })
      : answerSettled(record);
  }

  /** How long an address has to wait after too many malformed proofs of this receipt, or of all; zero when it may try. */
  async #malformedWaitMs(record: ReceiptRecord, address: string): Promise<number> {
    const { malformedLimiter, malformedAddressLimiter } = this.#deps;
    const attempter = attempterOf(record, address);
    const waitMs = await malformedLimiter.peek(attempter);
    if (waitMs > 0) return waitMs;
    // The first answer to an open challenge is always looked at: workers who share an address with a flood (a proxy that is
    // not trusted, say) must not be silenced by it. How many challenges an address has open is capped.
    if (record.outcome === 'open' && (await malformedLimiter.isUnused(attempter))) return 0;
    return malformedAddressLimiter.peek(address);
  }

  /** One recomputation a receipt: whatever folds to the root is the same proof, so all of them share its verdict. */
  #verdictOf(record: ReceiptRecord, proof: FoldedProof): Promise<ProofResult> {
    const running = this.#verdicts.get(record.receiptId);
    if (running !== undefined) return running;
    const verdict = this.#judge(record, proof).finally(() => {
      this.#verdicts.delete(record.receiptId);
    });
    this.#verdicts.set(record.receiptId, verdict);
    return verdict;
  }

  async #judge(record: ReceiptRecord, proof: FoldedProof): Promise<ProofResult> {
    const { ledger, clock, openChallenges, recentChallenges, evidence } = this.#deps;
    const { receiptId } = record;
    const verdict = await this.#deps.judge.judge(proof);
    if (verdict.kind === 'refused') return verdict;
    const atMs = clock.nowMs();
    const settled =
      verdict.outcome === 'accepted'
        ? await ledger.settleReceipt({ receiptId, outcome: 'accepted', atMs })
        : await ledger.settleReceipt({
            receiptId,
            outcome: 'rejected',
            atMs,
            row: verdict.row,
            evidence: concatBytes(proof.leaves, proof.siblings),
            quarantine: this.#quarantineOf(record),
          });
    if (settled.kind === 'receipt_unknown') throw new Error('a recorded receipt is gone');
    openChallenges.release(receiptId);
    if (verdict.outcome === 'rejected') {
      recentChallenges.forgetKey(record.publicKeyHex);
      evidence.noteKept(proof.leaves.length + proof.siblings.length);
    } else recentChallenges.forget(receiptId);
    if (settled.kind === 'settled') report(settled.record, this.#deps);
    return answerSettled(settled.record);
  }

  #quarantineOf(record: ReceiptRecord): QuarantineTerm {
    const { quarantineEpochs: epochCount, cleanEpochs } = this.#config;
    const fromEpochId = Math.max(this.#deps.epochs.currentEpochId, record.receipt.epoch_id);
    return { fromEpochId, epochCount, cleanEpochs };
  }
}

function attempterOf({ receiptId }: ReceiptRecord, address: string): string {
  return `${receiptId} ${address}`;
}

/** The stored wire form went through parseReceipt before it was recorded. */
function parsedReceiptOf(record: ReceiptRecord): ParsedReceipt {
  const json = parseJson(jcsBytes(record.receipt));
  const parsed = json.ok ? parseReceipt(json.value) : json;
  if (!parsed.ok) throw new Error(`a recorded receipt does not parse: ${parsed.problem.detail}`);
  return parsed.value;
}

/** Why no proof is taken any more, however good it is. */
function closedProblem(record: ReceiptRecord, arrivedAtMs: number): Problem | undefined {
  const isLate = record.outcome === 'open' && arrivedAtMs > record.deadlineAtMs;
  if (isLate || record.outcome === 'missed') {
    return {
      code: 'deadline_passed',
      detail: `expected the whole proof by ${record.deadlineAtMs}, got it at ${arrivedAtMs}`,
    };
  }
  if (record.outcome === 'revoked') {
    return {
      code: 'receipt_revoked',
      detail: 'expected a receipt that stands, got one whose key was proven wrong in another',
    };
  }
  return undefined;
}

function answerSettled(record: ReceiptRecord): ProofResult {
  if (record.outcome === 'accepted') return { kind: 'accepted', record };
  if (record.outcome === 'rejected') return refuse(rowMismatch(record.mismatchRow ?? 0));
  const problem = closedProblem(record, record.deadlineAtMs);
  if (problem === undefined) throw new Error(`a settled receipt is ${record.outcome}`);
  return refuse(problem);
}

function report(record: ReceiptRecord, { metrics, logger }: ProofServiceDeps): void {
  const { receiptId, publicKeyHex, mismatchRow } = record;
  if (record.outcome === 'accepted') {
    metrics.receipts.inc({ outcome: 'accepted' });
    metrics.creditedOps.inc(Number(record.creditedUnits * OPS_UNIT));
    logger.debug('receipt accepted', { receiptId });
  } else if (record.outcome === 'rejected') {
    metrics.receipts.inc({ outcome: 'rejected' });
    logger.warn('receipt rejected', { receiptId, publicKeyHex, row: mismatchRow });
  }
}
