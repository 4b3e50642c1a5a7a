import type { Logger } from '@tops/observability';
import type { EpochView } from './attempt.ts';
import type { VerifierClock } from './verifier-clock.ts';

/** Room for the receipt's way to the verifier before its epoch stops taking receipts. */
const submitMarginMs = 250;

/** What still fits into an epoch, by the verifier's clock. */
export class EpochRoom {
  readonly #deps: { readonly clock: VerifierClock; readonly logger: Logger };

  constructor(deps: { readonly clock: VerifierClock; readonly logger: Logger }) {
    this.#deps = deps;
  }

  /** Whether a receipt that takes `durationMs` from now still arrives while its epoch takes receipts. */
  isInTime(epoch: EpochView, durationMs: number): boolean {
    return this.#deps.clock.nowMs() + durationMs + this.#marginMs(epoch) < epoch.acceptsUntilMs;
  }

  /**
   * Whether to leave the rest of this epoch alone. Where not even a whole one is expected to be long enough the attempt is
   * made all the same: speeds are learnt from attempts, and a machine measured in a bad moment would never work again.
   */
  shouldSkip(epoch: EpochView, expectedMs: number): boolean {
    if (this.isInTime(epoch, expectedMs)) return false;
    const epochMs = epoch.acceptsUntilMs - epoch.info.opens_at - this.#marginMs(epoch);
    if (expectedMs < epochMs || !this.isInTime(epoch, 0)) return true;
    const fields = { expectedMs: Math.round(expectedMs), epochMs: Math.round(epochMs) };
    this.#deps.logger.warn('an attempt is expected to take longer than an epoch', fields);
    return false;
  }

  #marginMs({ info }: EpochView): number {
    // Short epochs (tests, demonstrations) leave less room for caution.
    const shareMs = (info.closes_at - info.opens_at) / 10;
    return Math.min(submitMarginMs + this.#deps.clock.uncertaintyMs(), shareMs);
  }
}
