import type { Readiness } from '@tops/observability';
import type { AttemptResult, CompletedAttempt } from './attempt.ts';
import { fullJitterMs, type BackoffOptions } from './backoff.ts';
import { isSameEpoch, type EpochWatch } from './epoch-watch.ts';
import type { NonceSource } from './nonce-source.ts';
import type { Pacer } from './pacer.ts';
import type { Recorder } from './recorder.ts';
import type { Timing } from './timing.ts';
import type { VerifierClock } from './verifier-clock.ts';

/** Failures in a row that are still chance; from then on each one costs a growing pause. */
const toleratedFailureCount = 3;
/** Longest pause after the verifier closed its door to this key: then it is asked again. */
const refusedKeyPauseMaxMs = 60_000;

/** What is known of the current epoch is out of date: its end, its beacon, or a restarted verifier's rules or key. */
const outdatedEpochCodes: ReadonlySet<string> = new Set([
  'epoch_closed',
  'epoch_unknown',
  'prev_hash_mismatch',
  'kernel_ver_unsupported',
  'shape_below_min_rows',
  'shape_over_limit',
  'challenge_rows_invalid',
  'challenge_signature_invalid',
]);
const refusedKeyCodes: ReadonlySet<string> = new Set(['key_not_allowed', 'key_quarantined']);

export interface VerdictReactionsDeps {
  readonly epochWatch: EpochWatch;
  readonly pacer: Pacer;
  readonly nonces: NonceSource;
  readonly clock: VerifierClock;
  readonly recorder: Recorder;
  readonly readiness: Readiness;
  readonly timing: Timing;
}

/** What an attempt's end changes for those to come: a new look at the epoch, new nonces, a pause. */
export class VerdictReactions {
  readonly #failureBackoff: BackoffOptions;
  readonly #deps: VerdictReactionsDeps;

  constructor(options: { readonly failureBackoff: BackoffOptions }, deps: VerdictReactionsDeps) {
    this.#failureBackoff = options.failureBackoff;
    this.#deps = deps;
  }

  react(attempt: CompletedAttempt, result: AttemptResult): void {
    const { epochWatch, nonces, pacer, readiness } = this.#deps;
    const code = result.code ?? '';
    if (result.outcome === 'accepted') readiness.set('key', true);
    if (result.outcome === 'accepted' || result.outcome === 'aborted') return;
    // Stragglers of an epoch that is known to be over say nothing new.
    const { current } = epochWatch;
    const isCurrent = current !== undefined && isSameEpoch(current, attempt.epoch);
    if (outdatedEpochCodes.has(code) && isCurrent) epochWatch.refresh();
    if (code === 'nonce_already_used') nonces.restart();
    if (refusedKeyCodes.has(code)) {
      readiness.set('key', false, `the verifier refuses this key: ${code}`);
      const leftMs = attempt.epoch.info.closes_at - this.#deps.clock.nowMs();
      pacer.pause(Math.min(refusedKeyPauseMaxMs, Math.max(1000, leftMs)));
    }
    this.#slowDown(code);
  }

  /** Work that keeps earning nothing is done ever more seldom; an unreachable verifier is the circuit breaker's matter. */
  #slowDown(code: string): void {
    const { pacer, recorder, timing } = this.#deps;
    if (code === 'circuit_open' || code.startsWith('network_')) return;
    const surplusCount = recorder.counts.consecutiveFailures - toleratedFailureCount;
    if (surplusCount < 0) return;
    pacer.pause(fullJitterMs(this.#failureBackoff, surplusCount, timing.random()));
  }
}
