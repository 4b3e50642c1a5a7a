import type { Logger } from '@tops/observability';
import type { ParsedReceipt } from '@tops/protocol';
import { attemptOf, judgeRows, type JudgeDependencies, type RowVerdict } from '@tops/verification';
import { FairGate } from './fair-gate.ts';
import type { VerifierMetrics } from './metrics.ts';
import { refuseWith, type Refusal } from './refusal.ts';

/** Proofs that may wait for a free place; what does not fit gets 503 and may come again until its deadline. */
const WAITING_PROOFS_MAX = 1024;

export interface RowJudgeOptions {
  /** Proofs recomputed at the same time. */
  readonly concurrency: number;
}

export interface RowJudgeDeps {
  /** Both kernels: the reference twin alone may reject, so a fault of the fast one cannot cost a worker its credit. */
  readonly judging: JudgeDependencies;
  readonly metrics: VerifierMetrics;
  readonly logger: Logger;
}

/** Leaves that fold to the signed root, to be compared with what recomputation gives. */
export interface RowClaim {
  readonly parsed: ParsedReceipt;
  readonly rows: readonly number[];
  readonly leaves: Uint8Array;
  readonly address: string;
}

export type Judgement = ({ readonly kind: 'judged' } & RowVerdict) | Refusal;

/** Recomputes challenged rows, so many proofs at a time. */
export class RowJudge {
  readonly #deps: RowJudgeDeps;
  readonly #gate: FairGate;
  #inFlight = 0;

  constructor(options: RowJudgeOptions, deps: RowJudgeDeps) {
    this.#deps = deps;
    this.#gate = new FairGate({
      concurrency: options.concurrency,
      maxWaiting: WAITING_PROOFS_MAX,
    });
  }

  /** @param claim - `leaves`: what the worker committed to, 32 bytes a row, in the order of `rows`; `address`: who asks. */
  async judge(claim: RowClaim): Promise<Judgement> {
    const { metrics, logger } = this.#deps;
    metrics.verificationsInFlight.set(++this.#inFlight);
    try {
      const result = await this.#gate.run(claim.address, () => this.#recompute(claim));
      if (result.kind === 'full') {
        return refuseWith('overloaded', 'expected a free place for verification, got none', 1000);
      }
      const verdict = result.value;
      if (verdict.outcome === 'accepted' && verdict.kernelDisagreements > 0) {
        const rowCount = verdict.kernelDisagreements;
        metrics.kernelDisagreements.inc(rowCount);
        logger.error('kernels disagree', { receiptId: claim.parsed.receiptId, rowCount });
      }
      return { kind: 'judged', ...verdict };
    } finally {
      metrics.verificationsInFlight.set(--this.#inFlight);
    }
  }

  async #recompute({ parsed, rows, leaves }: RowClaim): Promise<RowVerdict> {
    const { judging, metrics } = this.#deps;
    const startedAt = performance.now();
    try {
      return await judgeRows({ rows, leaves, attempt: attemptOf(parsed) }, judging);
    } finally {
      metrics.verifySeconds.observe((performance.now() - startedAt) / 1000);
    }
  }
}
