import { setTimeout as sleep } from 'node:timers/promises';
import { anchorText, type SignedHead } from '@tops/audit';
import type { LedgerStore } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import { signedHeadOf } from './archive-messages.ts';
import { Follower } from './follower.ts';
import type { VerifierMetrics } from './metrics.ts';

const TIMEOUT_MS = 5_000;
/** Attempts of one head, and the waits between them. */
const RETRY_DELAYS_MS = [500, 2_000];
const BATCH_HEADS = 64;

interface AnchorHookDeps {
  readonly ledger: Pick<LedgerStore, 'archive' | 'latestEpoch'>;
  readonly metrics: VerifierMetrics;
  readonly logger: Logger;
  readonly fetch?: typeof fetch;
}

/**
 * HEAD_ANCHOR_URL: posts every signed head, oldest first, and waits for each. A head that is not taken after three attempts is
 * counted and passed over: the next one commits to it anyway. Starts from the latest head there is, so that one may be posted
 * twice over a restart, and by each of several verifiers; receivers tell by epoch_id.
 */
export class AnchorHook extends Follower {
  readonly #url: string;
  readonly #deps: AnchorHookDeps;
  readonly #retryDelaysMs: readonly number[];
  /** The next head to post has this id or a higher one. */
  #nextId: number | undefined;

  constructor(
    options: { readonly url: string; readonly retryDelaysMs?: readonly number[] },
    deps: AnchorHookDeps,
  ) {
    super();
    this.#url = options.url;
    this.#retryDelaysMs = options.retryDelaysMs ?? RETRY_DELAYS_MS;
    this.#deps = deps;
  }

  protected async run(): Promise<void> {
    const { ledger, metrics, logger } = this.#deps;
    try {
      this.#nextId ??= await this.#firstId();
      const page = { fromId: this.#nextId, limit: BATCH_HEADS };
      for (const epoch of await ledger.archive.epochsFrom(page)) {
        const head = signedHeadOf(epoch);
        if (head === undefined || this.signal.aborted) return;
        const problem = await this.#post(head);
        // Cut short by the end of the process: neither anchored nor failed.
        if (problem !== undefined && this.signal.aborted) return;
        this.#nextId = head.epoch_id + 1;
        if (problem === undefined) {
          metrics.headAnchors.inc({ target: 'url' });
          continue;
        }
        metrics.headAnchorFailures.inc({ target: 'url' });
        logger.error('HEAD_ANCHOR_URL did not take a head', { epochId: head.epoch_id, problem });
      }
    } catch (error) {
      metrics.headAnchorFailures.inc({ target: 'url' });
      logger.error('cannot read heads to anchor', { error });
    }
  }

  /** The latest signed epoch's, as far as a page back tells; else whatever comes next. */
  async #firstId(): Promise<number> {
    const { ledger } = this.#deps;
    let epoch = await ledger.latestEpoch();
    for (let back = 0; epoch !== undefined && back < BATCH_HEADS; back++) {
      if (epoch.sealed?.signed !== undefined || epoch.previousEpochId === undefined) {
        return epoch.epochId;
      }
      const fromId: number = epoch.previousEpochId;
      [epoch] = await ledger.archive.epochsFrom({ fromId, limit: 1 });
    }
    return epoch?.epochId ?? 0;
  }

  /** @returns why it failed, without the address or what it answered: both may hold secrets. */
  async #post(head: SignedHead): Promise<string | undefined> {
    let problem = await this.#attempt(head);
    for (const delayMs of this.#retryDelaysMs) {
      if (problem === undefined || this.signal.aborted) return problem;
      await sleep(delayMs, undefined, { signal: this.signal, ref: false }).catch(() => undefined);
      if (this.signal.aborted) return problem;
      problem = await this.#attempt(head);
    }
    return problem;
  }

  async #attempt(head: SignedHead): Promise<string | undefined> {
    const send = this.#deps.fetch ?? fetch;
    try {
      const response = await send(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: anchorText(head),
        // A redirect would send the heads where nobody configured them to go; its status counts as a refusal.
        redirect: 'manual',
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel().catch(() => undefined);
      return response.ok ? undefined : `expected a status of 2xx, got ${response.status}`;
    } catch (error) {
      const name = error instanceof Error ? error.name : 'an error';
      return name === 'TimeoutError'
        ? `expected an answer within ${TIMEOUT_MS} ms, got none`
        : 'expected an answer, got no connection';
    }
  }
}
