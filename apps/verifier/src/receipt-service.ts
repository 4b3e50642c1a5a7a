import { auditRows, LedgerError, type LedgerStore, type ReceiptRecord } from '@tops/ledger';
import {
  parseJson,
  parseReceipt,
  shapeOps,
  type ErrorCode,
  type ParsedReceipt,
  type Problem,
  type Shape,
} from '@tops/protocol';
import { checkReceipt, drawRows } from '@tops/verification';
import type { AllowList } from './allow-list.ts';
import type { BoundedRateLimiter } from './bounded-rate-limiter.ts';
import type { ChallengeSigner } from './challenge-signer.ts';
import type { Clock } from './clock.ts';
import type { ProtocolConfig } from './config.ts';
import { InFlight } from './in-flight.ts';
import type { EpochClock } from './epoch-clock.ts';
import type { VerifierMetrics } from './metrics.ts';
import type { OpenChallenges } from './open-challenges.ts';
import type { RecentChallenges } from './recent-challenges.ts';
import { refuse, refuseWith, type Refusal } from './refusal.ts';

/** A whole request body, `arrivedAtMs` the moment its last byte was read. All of it attacker-controlled. */
export interface Submission {
  readonly bytes: Uint8Array;
  readonly arrivedAtMs: number;
  readonly address: string;
}

export type ReceiptResult =
  { readonly kind: 'created' | 'existing'; readonly record: ReceiptRecord } | Refusal;

export interface ReceiptServiceDeps {
  readonly ledger: LedgerStore;
  readonly epochs: Pick<EpochClock, 'acceptingAt' | 'currentEpochId' | 'learn'>;
  readonly signer: ChallengeSigner;
  readonly allowList: Pick<AllowList, 'keys'>;
  /** What one key may cost this verifier, refused receipts included; what is recorded is counted in the ledger, for all. */
  readonly keyLimiter: BoundedRateLimiter;
  readonly openChallenges: OpenChallenges;
  readonly recentChallenges: RecentChallenges;
  readonly clock: Clock;
  readonly metrics: VerifierMetrics;
  /** A uniform integer below `max` from a CSPRNG. */
  readonly randomBelow: (max: number) => number;
}

/** An answer of the worker's own makes room at once, so waiting for the deadline would be too long. */
const RETRY_OPEN_MS = 1000;

/** Judged after the signature, so a receipt that fails only here is known to be its key's own. */
const epochCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'epoch_unknown',
  'epoch_closed',
  'prev_hash_mismatch',
]);

/** Takes receipts: parse, check, record, challenge. The answer is always made from what the ledger holds. */
export class ReceiptService {
  readonly #config: ProtocolConfig;
  readonly #deps: ReceiptServiceDeps;
  readonly #inFlight = new InFlight<number>();

  constructor(config: ProtocolConfig, deps: ReceiptServiceDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Whether a sound receipt of the epoch arrived in time and is not recorded or refused yet: sealing waits for it. */
  isBusy(epochId: number): boolean {
    return this.#inFlight.has(epochId);
  }

  async submit(submission: Submission): Promise<ReceiptResult> {
    const result = await this.#take(submission);
    if (result.kind === 'refused') this.#deps.metrics.receipts.inc({ outcome: 'refused' });
    return result;
  }

  async #take(submission: Submission): Promise<ReceiptResult> {
    const json = parseJson(submission.bytes);
    if (!json.ok) return refuse(json.problem);
    const parsed = parseReceipt(json.value);
    if (!parsed.ok) return refuse(parsed.problem);
    let problem = this.#check(parsed.value, submission.arrivedAtMs);
    if (problem?.code === 'epoch_unknown' || problem?.code === 'epoch_closed') {
      const isNew = await this.#deps.epochs.learn(parsed.value.receipt.epoch_id);
      if (isNew) problem = this.#check(parsed.value, submission.arrivedAtMs);
    }
    if (problem !== undefined) return this.#replay(parsed.value, problem);
    // With no await since the check, and only what its epoch still takes: anybody may name an epoch in a late receipt, and must
    // not put off its sealing by that.
    const leave = this.#inFlight.enter(parsed.value.receipt.epoch_id, submission.arrivedAtMs);
    try {
      return await this.#record(parsed.value, submission);
    } finally {
      leave();
    }
  }

  /** A worker that lost our answer asks again, if need be after the epoch closed. */
  async #replay(parsed: ParsedReceipt, problem: Problem): Promise<ReceiptResult> {
    if (!epochCodes.has(problem.code)) return refuse(problem);
    const stored = await this.#deps.ledger.getReceipt(parsed.receiptId);
    return stored === undefined ? refuse(problem) : { kind: 'existing', record: stored };
  }

  async #record(parsed: ParsedReceipt, submission: Submission): Promise<ReceiptResult> {
    // Recorded receipts are public: a replay is anybody's, and must not use up what the key may submit.
    const { stored, reputation } = await this.#deps.ledger.getStanding({
      receiptId: parsed.receiptId,
      publicKeyHex: parsed.receipt.public_key_hex,
    });
    if (stored !== undefined) return { kind: 'existing', record: stored };
    // The signature is known to be good, and the receipt new: only the key's owner can have sent it.
    const waitMs = await this.#deps.keyLimiter.take(parsed.receipt.public_key_hex);
    if (waitMs > 0) return this.#rateLimited(waitMs);
    const rows = this.#draw(parsed, auditRows(reputation, this.#auditPolicy(parsed.receipt.sizes)));
    return this.#challenge(parsed, rows, submission);
  }

  #check(parsed: ParsedReceipt, arrivedAtMs: number): Problem | undefined {
    const { limits, skipSignatures } = this.#config;
    return checkReceipt(parsed, {
      limits,
      allowedKeys: this.#deps.allowList.keys,
      skipSignatures,
      epochs: this.#deps.epochs.acceptingAt(arrivedAtMs),
      currentEpochId: this.#deps.epochs.currentEpochId,
    });
  }

  async #challenge(
    parsed: ParsedReceipt,
    rows: readonly number[],
    submission: Submission,
  ): Promise<ReceiptResult> {
    const { ledger, openChallenges, recentChallenges, clock, signer } = this.#deps;
    const { limits } = this.#config;
    const { receiptId } = parsed;
    // From now, not from arrival: a slow disk of ours must not eat the worker's time.
    const deadlineAtMs = clock.nowMs() + limits.challenge_deadline_ms;
    if (!openChallenges.hold({ receiptId, address: submission.address, endsMs: deadlineAtMs })) {
      const detail = `expected at most ${this.#config.maxOpenChallengesPerAddress} open challenges of one address`;
      return refuseWith('too_many_open_challenges', detail, RETRY_OPEN_MS);
    }
    let recorded = false;
    try {
      const result = await ledger.commitReceipt({
        parsed,
        rows,
        deadlineAtMs,
        challengeSigHex: signer.signHex({ receiptId, rows, deadlineAtMs }),
        receivedAtMs: submission.arrivedAtMs,
        maxOpen: limits.max_open_challenges,
        maxOpenNewKey: limits.max_open_challenges_new_key,
        maxPerSecond: limits.receipts_per_second_per_key,
      });
      recorded = result.kind === 'created' || result.kind === 'existing';
      if (result.kind === 'created') recentChallenges.remember({ record: result.record, parsed });
      return this.#answer(result);
    } catch (cause) {
      if (cause instanceof LedgerError && cause.code === 'epoch_sealed') {
        return refuseWith(
          'epoch_closed',
          'expected an epoch that takes receipts, got a sealed one',
        );
      }
      throw cause;
    } finally {
      if (!recorded) openChallenges.release(receiptId);
    }
  }

  #answer(result: Awaited<ReturnType<LedgerStore['commitReceipt']>>): ReceiptResult {
    switch (result.kind) {
      case 'created':
        this.#deps.metrics.challengeRows.observe(result.record.rows.length);
        return { kind: 'created', record: result.record };
      case 'existing':
        return { kind: 'existing', record: result.record };
      case 'nonce_already_used':
        return refuseWith(
          'nonce_already_used',
          'expected a nonce that this key has not used in the epoch',
        );
      case 'key_quarantined':
        return refuseWith(
          'key_quarantined',
          `expected a key out of quarantine, got one whose receipts are taken again from epoch ${result.untilEpochId}`,
        );
      case 'rate_limited':
        return this.#rateLimited(result.retryAfterMs);
      case 'too_many_open':
        return refuseWith(
          'too_many_open_challenges',
          `expected at most ${result.limit} open challenges of one key, got ${result.openCount}`,
          RETRY_OPEN_MS,
        );
    }
  }

  #rateLimited(waitMs: number): Refusal {
    const limit = this.#config.limits.receipts_per_second_per_key;
    const detail = `expected at most ${limit} receipts a second of one key`;
    return refuseWith('rate_limited', detail, waitMs);
  }

  #draw(parsed: ParsedReceipt, count: number): number[] {
    return drawRows({ m: parsed.receipt.sizes.m, count }, { randomBelow: this.#deps.randomBelow });
  }

  #auditPolicy(shape: Shape) {
    const { audit_rows_min: auditRowsMin, audit_rows_max: auditRowsMax } = this.#config.limits;
    return { auditRowsMin, auditRowsMax, m: shape.m, receiptOps: shapeOps(shape) };
  }
}
