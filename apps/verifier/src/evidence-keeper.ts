import { LedgerError, type LedgerStore } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import type { VerifierMetrics } from './metrics.ts';

export interface EvidenceKeeperOptions {
  readonly keptMs: number;
  readonly maxBytes: number;
}

export interface EvidenceKeeperDeps {
  readonly ledger: Pick<LedgerStore, 'pruneEvidence'>;
  readonly metrics: Pick<VerifierMetrics, 'evidenceKept' | 'evidenceKeptBytes' | 'evidenceDeleted'>;
  readonly logger: Logger;
}

/** Age is counted in days, so once a minute is often enough. */
const ROUND_MS = 60_000;
/** A round comes sooner when a share of the room was filled since the last one: keys that cost nothing can fill it fast. */
const ROUND_SHARE = 1 / 16;
/** Batches of one round; what is left waits for the next tick, so that deleting never takes the ledger for itself. */
const BATCHES_MAX = 16;

/** Deletes old evidence, and the oldest when there is too much. Every replica does; together they do no more than one. */
export class EvidenceKeeper {
  readonly #options: EvidenceKeeperOptions;
  readonly #deps: EvidenceKeeperDeps;
  #newBytes = 0;
  #lastRoundMs: number | undefined;
  #round: Promise<void> | undefined;

  constructor(options: EvidenceKeeperOptions, deps: EvidenceKeeperDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Told of every proof this verifier stored. */
  noteKept(bytes: number): void {
    this.#newBytes += bytes;
  }

  /** Starts a round if one is due; resolves once it is over. Never rejects: the next round tries again. */
  tick(nowMs: number): Promise<void> {
    if (this.#round === undefined && this.#isDue(nowMs)) {
      this.#round = this.#prune(nowMs).finally(() => {
        this.#round = undefined;
      });
    }
    return this.#round ?? Promise.resolve();
  }

  #isDue(nowMs: number): boolean {
    const lastRoundMs = this.#lastRoundMs;
    if (lastRoundMs === undefined || Math.abs(nowMs - lastRoundMs) >= ROUND_MS) return true;
    return this.#newBytes > this.#options.maxBytes * ROUND_SHARE;
  }

  async #prune(nowMs: number): Promise<void> {
    const { ledger, metrics, logger } = this.#deps;
    const keptSinceMs = Math.max(nowMs - this.#options.keptMs, 0);
    const { maxBytes } = this.#options;
    this.#newBytes = 0;
    try {
      for (let batch = 0; batch < BATCHES_MAX; batch++) {
        const pruned = await ledger.pruneEvidence({ keptSinceMs, maxBytes });
        metrics.evidenceKept.set(pruned.keptCount);
        metrics.evidenceKeptBytes.set(pruned.keptBytes);
        metrics.evidenceDeleted.inc(pruned.deletedCount);
        if (pruned.isDone) {
          this.#lastRoundMs = nowMs;
          return;
        }
      }
    } catch (error) {
      this.#lastRoundMs = nowMs;
      // The process is ending.
      if (error instanceof LedgerError && error.code === 'closed') return;
      logger.warn('old evidence could not be deleted', { error });
    }
  }
}
