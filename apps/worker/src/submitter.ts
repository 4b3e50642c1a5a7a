import { encodeProof, type Challenge } from '@tops/protocol';
import type { AttemptOutcome, AttemptResult, CompletedAttempt } from './attempt.ts';
import { challengeProblem, type ChallengeProblem } from './challenge-check.ts';
import { isAbortError } from './timing.ts';
import type { CallFailure, VerifierApi } from './verifier-api.ts';
import type { VerifierClock } from './verifier-clock.ts';

export interface SubmitterDeps {
  readonly api: Pick<VerifierApi, 'submitReceipt' | 'submitProof'>;
  readonly clock: Pick<VerifierClock, 'nowMs'>;
  readonly onBadChallenge: (problem: ChallengeProblem) => void;
}

/** A proof is given up after this long, whatever deadline the verifier names. */
const proofWaitMaxMs = 600_000;

/** Codes that end an attempt as something other than `refused`. */
const outcomeOfCode: Readonly<Record<string, AttemptOutcome>> = {
  row_mismatch: 'rejected',
  receipt_revoked: 'rejected',
  deadline_passed: 'missed',
  epoch_closed: 'stale',
};

/** Carries one committed attempt to its verdict: receipt → challenge → opening → proof. */
export class Submitter {
  readonly #deps: SubmitterDeps;

  constructor(deps: SubmitterDeps) {
    this.#deps = deps;
  }

  /** @returns how the attempt ended; never throws for anything the verifier, the network or the kernel did. */
  async answer(attempt: CompletedAttempt, signal: AbortSignal): Promise<AttemptResult> {
    try {
      return await this.#answer(attempt, signal);
    } catch (error) {
      if (signal.aborted) return { outcome: 'aborted' };
      throw error;
    }
  }

  async #answer(attempt: CompletedAttempt, signal: AbortSignal): Promise<AttemptResult> {
    const { api, onBadChallenge } = this.#deps;
    const submitted = await api.submitReceipt(attempt.receipt, {
      signal,
      untilMs: attempt.epoch.acceptsUntilMs,
    });
    if (!submitted.ok) return resultOfFailure(submitted);
    const challenge = submitted.value;
    const problem = challengeProblem(challenge, attempt);
    if (problem !== undefined) {
      onBadChallenge(problem);
      return { outcome: 'failed', code: problem.code, detail: problem.detail };
    }
    return await this.#prove({ attempt, challenge }, signal);
  }

  async #prove(
    input: { readonly attempt: CompletedAttempt; readonly challenge: Challenge },
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const { attempt, challenge } = input;
    const opened = await this.#open(attempt, challenge.rows);
    if ('outcome' in opened) return opened;
    signal.throwIfAborted();
    const proven = await this.#deps.api.submitProof(
      { receiptId: attempt.receiptId, proof: encodeProof(opened) },
      { signal, untilMs: this.#proofDeadlineMs(attempt, challenge) },
    );
    if (!proven.ok) return resultOfFailure(proven);
    return { outcome: 'accepted', creditedOps: BigInt(proven.value.credited_ops) };
  }

  async #open(
    attempt: CompletedAttempt,
    rows: readonly number[],
  ): Promise<{ leaves: Uint8Array; siblings: Uint8Array } | AttemptResult> {
    try {
      return await attempt.commitment.open(rows);
    } catch (error) {
      if (isAbortError(error)) return { outcome: 'aborted' };
      const detail = error instanceof Error ? error.message : String(error);
      return { outcome: 'kernel_error', code: 'opening_failed', detail };
    }
  }

  /** A deadline far ahead would keep a place in flight occupied for as long, so the published limit bounds it. */
  #proofDeadlineMs(attempt: CompletedAttempt, challenge: Challenge): number {
    const { challenge_deadline_ms: publishedMs } = attempt.epoch.info.limits;
    const longestMs = Math.min(2 * publishedMs, proofWaitMaxMs);
    return Math.min(challenge.deadline_at, this.#deps.clock.nowMs() + longestMs);
  }
}

function resultOfFailure(failure: CallFailure): AttemptResult {
  const { code, detail, row } = failure;
  const outcome = failure.kind === 'refused' ? (outcomeOfCode[code] ?? 'refused') : 'failed';
  return { outcome, code, detail, ...(row === undefined ? {} : { row }) };
}
