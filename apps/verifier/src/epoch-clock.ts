import { setImmediate as nextTurn } from 'node:timers/promises';
import { LedgerError, type EpochRecord, type LedgerStore } from '@tops/ledger';
import type { Logger, Readiness } from '@tops/observability';
import type { Clock } from './clock.ts';
import type { RoundFollower } from './follower.ts';
import type { HeadSigner } from './head-signer.ts';
import type { VerifierMetrics } from './metrics.ts';
import type { PendingWork } from './pending-work.ts';

export interface EpochClockOptions {
  readonly epochSeconds: number;
  readonly graceSeconds: number;
  readonly challengeDeadlineMs: number;
}

export interface EpochClockDeps {
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: VerifierMetrics;
  readonly readiness: Readiness;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly headSigner: HeadSigner;
  readonly followers?: readonly RoundFollower[];
}

/** The clock, or EPOCH_SECONDS, would lower epoch ids: starting would break the chain of beacons. */
export class EpochRegressionError extends Error {
  override readonly name = 'EpochRegressionError';
}

const TICK_MS_MAX = 1000;
/** Clocks of verifiers that share a ledger may be this far apart; one that is further off takes no work. */
export const CLOCK_SKEW_MS_MAX = 2000;
/** A check writes to the disk: often enough for a probe, too seldom to wear anything out. */
const LEDGER_CHECK_MS = 5000;

/**
 * Opens each epoch as its time comes, lets overdue challenges go, and seals what is over. Ids only increase: a clock
 * that jumps back while running keeps the latest epoch open until the time has caught up.
 */
export class EpochClock {
  readonly #options: EpochClockOptions;
  readonly #deps: EpochClockDeps;
  /** Epochs that take receipts or may do so again after a small step back of the clock; oldest first. */
  #accepting: EpochRecord[] = [];
  #current: EpochRecord | undefined;
  #pending: PendingWork | undefined;
  #opening: Promise<EpochRecord> | undefined;
  #round: Promise<void> | undefined;
  #cancelTimer: () => void = () => undefined;
  #stopped = false;
  #checkedAtMs: number | undefined;

  constructor(options: EpochClockOptions, deps: EpochClockDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * Opens the current epoch, or reads it back after a restart, then ticks by itself until `stop`.
   *
   * @throws EpochRegressionError when the ledger already has a later epoch.
   */
  async start(pending: PendingWork): Promise<void> {
    this.#pending = pending;
    const latest = await this.#deps.ledger.latestEpoch();
    const epochId = this.#epochIdAt(this.#deps.clock.nowMs());
    if (latest !== undefined && latest.epochId > epochId && !this.#isOpenedAhead(latest)) {
      throw new EpochRegressionError(
        `expected epoch ${latest.epochId} or later, got ${epochId} from the system clock and EPOCH_SECONDS=${this.#options.epochSeconds}: ` +
          'epoch ids only increase, so correct the clock or set EPOCH_SECONDS to at most its earlier value',
      );
    }
    this.#accepting = (await this.#deps.ledger.listEpochs({ limit: 64 })).toReversed();
    await this.#openCurrent();
    await this.tick();
    this.#schedule();
  }

  /** Ends the ticking; resolves when a round in progress is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#opening?.catch(() => undefined);
    await this.#round?.catch(() => undefined);
    await Promise.all((this.#deps.followers ?? []).map((follower) => follower.stop()));
  }

  /** The epoch to work on now; opens it if the timer has not come round to that yet. */
  async current(): Promise<EpochRecord> {
    const epochId = this.#epochIdAt(this.#deps.clock.nowMs());
    if (this.#current !== undefined && epochId <= this.#current.epochId) return this.#current;
    return this.#openCurrent();
  }

  get currentEpochId(): number {
    return this.#current?.epochId ?? 0;
  }

  /** The epochs whose receipts are taken when the last byte arrived at `arrivedAtMs`. */
  acceptingAt(arrivedAtMs: number): { epochId: number; prevHash: Uint8Array }[] {
    const graceMs = this.#options.graceSeconds * 1000;
    return this.#accepting.filter(
      (epoch) => epoch.sealed === undefined && arrivedAtMs < epoch.closesAtMs + graceMs,
    );
  }

  /**
   * Looks for an epoch that another verifier opened and this one has not come round to: its receipts are as good here.
   *
   * @returns whether it was there, and new.
   */
  async learn(epochId: number): Promise<boolean> {
    const { ledger } = this.#deps;
    if (ledger.clockSkewMs === undefined) return false;
    if (this.#accepting.some((known) => known.epochId === epochId)) return false;
    const epoch = await ledger.getEpoch(epochId);
    if (epoch === undefined || epoch.sealed !== undefined || !this.#isOpenedAhead(epoch)) {
      return false;
    }
    this.#adopt(epoch);
    return true;
  }

  /** One round: open, expire, seal. Rounds never overlap; a call during one gets the running one. */
  tick(): Promise<void> {
    this.#round ??= this.#tick().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  #epochIdAt(nowMs: number): number {
    return Math.floor(nowMs / (this.#options.epochSeconds * 1000));
  }

  #schedule(): void {
    if (this.#stopped) return;
    const epochMs = this.#options.epochSeconds * 1000;
    const nowMs = this.#deps.clock.nowMs();
    const untilNextMs = epochMs - (nowMs % epochMs);
    this.#cancelTimer = this.#deps.clock.setTimer(
      () => {
        void this.tick().then(() => {
          this.#schedule();
        });
      },
      Math.min(untilNextMs, TICK_MS_MAX),
    );
  }

  async #tick(): Promise<void> {
    const { logger, metrics, readiness } = this.#deps;
    try {
      await this.current();
      readiness.set('epoch', true);
      await this.#expire();
      await this.#seal();
      await this.#deps.headSigner.signSealed(this.#deps);
      await this.#checkLedger();
      metrics.epochClock.set(this.#deps.clock.nowMs() / 1000);
    } catch (error) {
      // The next round tries again; until then nobody should send work here.
      this.#checkedAtMs = undefined;
      metrics.errors.inc({ kind: 'ledger' });
      readiness.set('ledger', false, 'the ledger does not answer');
      logger.error('epoch round failed', { error });
    }
    if (this.#stopped) return;
    for (const follower of this.#deps.followers ?? []) follower.afterRound();
  }

  async #checkLedger(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#checkedAtMs !== undefined && Math.abs(nowMs - this.#checkedAtMs) < LEDGER_CHECK_MS) {
      return;
    }
    await this.#deps.ledger.check();
    this.#checkedAtMs = nowMs;
    this.#deps.readiness.set('ledger', true);
    this.#checkClock();
  }

  #checkClock(): void {
    const { ledger, readiness, logger } = this.#deps;
    const skewMs = ledger.clockSkewMs?.();
    if (skewMs === undefined) return;
    const isRight = Math.abs(skewMs) <= CLOCK_SKEW_MS_MAX;
    readiness.set('clock', isRight, ...(isRight ? [] : ["the clock is off from the database's"]));
    if (!isRight) logger.error("the system clock is off from the database's", { skewMs });
  }

  #openCurrent(): Promise<EpochRecord> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<EpochRecord> {
    const { ledger, clock, randomBytes } = this.#deps;
    const epochMs = this.#options.epochSeconds * 1000;
    const epochId = this.#epochIdAt(clock.nowMs());
    const epoch = await ledger
      .openEpoch({
        epochId,
        entropy: randomBytes(32),
        opensAtMs: epochId * epochMs,
        closesAtMs: (epochId + 1) * epochMs,
      })
      .catch((error: unknown) => this.#takeOpenedAhead(error));
    this.#adopt(epoch);
    return epoch;
  }

  #adopt(epoch: EpochRecord): void {
    const { logger, metrics } = this.#deps;
    const { epochId } = epoch;
    if (epochId === this.#current?.epochId) return;
    const others = this.#accepting.filter((known) => known.epochId !== epochId);
    this.#accepting = [...others, epoch];
    if (this.#current !== undefined && epochId < this.#current.epochId) return;
    this.#current = epoch;
    metrics.epoch.set(epochId);
    logger.info('epoch open', { epochId, closesAtMs: epoch.closesAtMs });
  }

  /** Another verifier's clock is a little ahead: its epoch is the current one here too. */
  async #takeOpenedAhead(error: unknown): Promise<EpochRecord> {
    if (!(error instanceof LedgerError) || error.code !== 'epoch_regressed') throw error;
    const latest = await this.#deps.ledger.latestEpoch();
    if (latest === undefined || !this.#isOpenedAhead(latest)) throw error;
    return latest;
  }

  /**
   * Whether another verifier opened it by the clock they share: it is a little ahead of this one's, or its time came while
   * this one was about to open the epoch before. Only a storage that has a clock of its own is shared with other verifiers.
   */
  #isOpenedAhead({ epochId, opensAtMs }: EpochRecord): boolean {
    const { ledger, clock } = this.#deps;
    const isOfTheseSeconds = opensAtMs === epochId * this.#options.epochSeconds * 1000;
    const aheadMs = opensAtMs - clock.nowMs();
    return ledger.clockSkewMs !== undefined && isOfTheseSeconds && aheadMs <= CLOCK_SKEW_MS_MAX;
  }

  async #expire(): Promise<void> {
    const { ledger, clock, logger, metrics } = this.#deps;
    const nowMs = clock.nowMs();
    // A body that ended before now may be on its way to its handler; by the next turn it is known to be in flight.
    await nextTurn();
    const missed = await ledger.expireChallenges({
      nowMs,
      answersInFlight: this.#pending?.answersInFlight() ?? new Map(),
    });
    this.#pending?.onExpired(nowMs);
    if (missed > 0) {
      metrics.receipts.inc({ outcome: 'missed' }, missed);
      logger.info('challenges missed', { count: missed });
    }
    metrics.openChallenges.set(await ledger.countOpen());
  }

  async #seal(): Promise<void> {
    const { ledger, logger, metrics } = this.#deps;
    let unsealed = await ledger.unsealedEpochs();
    this.#forgetSealed(unsealed);
    for (const epoch of unsealed) {
      if (this.#stopped || !this.#isDue(epoch)) break;
      try {
        const sealed = await ledger.sealEpoch({ epochId: epoch.epochId });
        logger.info('epoch sealed', {
          epochId: epoch.epochId,
          entryCount: sealed.sealed?.entryCount,
        });
      } catch (error) {
        // An answer is being verified: the next round comes back to it.
        if (error instanceof LedgerError && error.code === 'receipts_open') break;
        throw error;
      }
      unsealed = unsealed.filter((other) => other.epochId !== epoch.epochId);
      this.#accepting = this.#accepting.filter((other) => other.epochId !== epoch.epochId);
    }
    metrics.unsealedEpochs.set(unsealed.length);
  }

  /** Epochs seal in order: what is older than the oldest unsealed one was sealed, by another verifier if not here. */
  #forgetSealed([oldest]: readonly EpochRecord[]): void {
    if (oldest === undefined) return;
    this.#accepting = this.#accepting.filter((epoch) => epoch.epochId >= oldest.epochId);
  }

  /** Whether grace and deadlines of the epoch are over and no receipt of it is on its way into the ledger. */
  #isDue(epoch: EpochRecord): boolean {
    const { graceSeconds, challengeDeadlineMs } = this.#options;
    const dueMs = epoch.closesAtMs + graceSeconds * 1000 + challengeDeadlineMs;
    return this.#deps.clock.nowMs() >= dueMs && this.#pending?.isBusy(epoch.epochId) !== true;
  }
}
