import { hexToBytes } from '@tops/crypto';
import { KERNEL_VERSION, type EpochInfo } from '@tops/protocol';
import type { EpochView } from './attempt.ts';
import { fullJitterMs, type BackoffOptions } from './backoff.ts';
import { abortable, type Timing } from './timing.ts';
import { circuitOpen, type CallFailure, type VerifierApi } from './verifier-api.ts';
import type { VerifierClock } from './verifier-clock.ts';

export interface EpochWatchOptions {
  /** Longest time between two looks at the epoch while nothing else asks for one. */
  readonly pollMs: number;
  /** Least time between two looks: however often receipts are refused, the verifier is not asked faster. */
  readonly minIntervalMs: number;
  readonly backoff: BackoffOptions;
}

/** Why the published epoch cannot be worked on although the verifier answers. */
export interface EpochProblem {
  readonly code: 'kernel_ver_unsupported' | 'epoch_invalid';
  readonly detail: string;
}

export interface EpochWatchDeps {
  readonly api: Pick<VerifierApi, 'getEpoch'>;
  readonly clock: VerifierClock;
  readonly timing: Timing;
  /** Another epoch, or the same one under another verifier key. */
  readonly onEpoch: (epoch: EpochView, previous: EpochView | undefined) => void;
  readonly onProblem: (problem: EpochProblem) => void;
  /** The verifier answers and says no: what AGGREGATOR_URL names is likely no verifier. Said once in a row. */
  readonly onRefused: (failure: CallFailure) => void;
}

/** Jitter after an epoch's close, so that a fleet does not ask for the next one in the same instant. */
const closeJitterMaxMs = 500;
/** How soon to look again when the old epoch is still published after its close, or the circuit is open. */
const retrySoonMs = 250;

/** Keeps the current epoch: polls modestly, looks again as one closes, and at once when told it is out of date. */
export class EpochWatch {
  readonly #options: EpochWatchOptions;
  readonly #deps: EpochWatchDeps;
  readonly #waiters: (() => void)[] = [];
  #current: EpochView | undefined;
  #sleeping: AbortController | undefined;
  #isRefreshWanted = false;
  #isRefused = false;
  #failureCount = 0;
  #overdueCount = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: EpochWatchOptions, deps: EpochWatchDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get current(): EpochView | undefined {
    return this.#current;
  }

  /** The current epoch, once there is one. @throws the signal's reason. */
  async first(signal: AbortSignal): Promise<EpochView> {
    while (this.#current === undefined) await this.#change(signal);
    return this.#current;
  }

  /** An epoch other than `epoch`. @throws the signal's reason. */
  async after(epoch: EpochView, signal: AbortSignal): Promise<EpochView> {
    while (this.#current === undefined || isSameEpoch(this.#current, epoch)) {
      await this.#change(signal);
    }
    return this.#current;
  }

  /** Asks for a look at once: the verifier does not agree with what is known of the current epoch. */
  refresh(): void {
    this.#isRefreshWanted = true;
    this.#sleeping?.abort();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const waitMs = await this.#look(signal);
        await this.#pause(waitMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  /** One look. @returns how long to wait before the next one. */
  async #look(signal: AbortSignal): Promise<number> {
    const { api, clock, timing } = this.#deps;
    const sentAtMs = timing.monotonicMs();
    this.#lookedAtMs = sentAtMs;
    const result = await api.getEpoch(signal);
    if (!result.ok) {
      // The circuit keeps its own time; asking it is free, and the first to ask when it is over probes.
      if (result === circuitOpen) return retrySoonMs;
      if (result.kind === 'refused' && !this.#isRefused) this.#deps.onRefused(result);
      this.#isRefused = result.kind === 'refused';
      this.#failureCount++;
      const { backoff } = this.#options;
      const jitterMs = fullJitterMs(backoff, this.#failureCount, timing.random());
      return Math.max(result.retryAfterMs ?? 0, backoff.baseMs / 2) + jitterMs;
    }
    this.#failureCount = 0;
    this.#isRefused = false;
    const info = result.value;
    clock.observe({
      sentAtMs,
      receivedAtMs: timing.monotonicMs(),
      earliestUnixMs: info.opens_at,
      latestUnixMs: info.closes_at,
      source: 'epoch',
    });
    this.#accept(info);
    return this.#untilNextLookMs(info);
  }

  #accept(info: EpochInfo): void {
    const problem = epochProblem(info);
    const previous = this.#current;
    if (problem !== undefined) {
      // Work on rules the verifier does not check, or in an epoch that makes no sense, earns nothing.
      this.#current = undefined;
      this.#deps.onProblem(problem);
      return;
    }
    const epoch: EpochView = {
      info,
      prevHash: hexToBytes(info.prev_hash_hex),
      verifierKey: hexToBytes(info.verifier_key_hex),
      acceptsUntilMs: info.closes_at + info.limits.grace_seconds * 1000,
    };
    this.#current = epoch;
    if (previous !== undefined && isSameEpoch(previous, epoch) && isSameKey(previous, epoch)) {
      return;
    }
    this.#deps.onEpoch(epoch, previous);
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #untilNextLookMs(info: EpochInfo): number {
    const { clock, timing } = this.#deps;
    const closesInMs = info.closes_at - clock.nowMs();
    if (closesInMs <= 0) {
      // A verifier that never opens the next epoch is not asked four times a second for good.
      return fullJitterMs(this.#options.backoff, this.#overdueCount++, 0.5) + retrySoonMs;
    }
    this.#overdueCount = 0;
    const epochMs = info.closes_at - info.opens_at;
    const jitterMs = timing.random() * Math.min(closeJitterMaxMs, epochMs / 20);
    return Math.min(this.#options.pollMs, closesInMs + jitterMs);
  }

  /** Sleeps, less when `refresh` is called, but never so little that looks come closer than minIntervalMs. */
  async #pause(waitMs: number, signal: AbortSignal): Promise<void> {
    const { timing } = this.#deps;
    const sleeping = new AbortController();
    const onAbort = () => sleeping.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#sleeping = sleeping;
    try {
      if (!this.#isRefreshWanted) await timing.sleep(waitMs, sleeping.signal);
    } catch {
      signal.throwIfAborted();
    } finally {
      this.#sleeping = undefined;
      signal.removeEventListener('abort', onAbort);
    }
    this.#isRefreshWanted = false;
    const sinceMs = timing.monotonicMs() - this.#lookedAtMs;
    await timing.sleep(this.#options.minIntervalMs - sinceMs, signal);
  }

  async #change(signal: AbortSignal): Promise<void> {
    await abortable(new Promise<void>((resolve) => this.#waiters.push(resolve)), signal);
  }
}

/** By id and beacon: a restored verifier may serve another beacon under a known id. */
export function isSameEpoch(left: EpochView, right: EpochView): boolean {
  return (
    left.info.epoch_id === right.info.epoch_id &&
    left.info.prev_hash_hex === right.info.prev_hash_hex
  );
}

function isSameKey(left: EpochView, right: EpochView): boolean {
  return left.info.verifier_key_hex === right.info.verifier_key_hex;
}

function epochProblem(info: EpochInfo): EpochProblem | undefined {
  if (info.kernel_ver !== KERNEL_VERSION) {
    return {
      code: 'kernel_ver_unsupported',
      detail: `expected ${KERNEL_VERSION}, the verifier checks ${info.kernel_ver.slice(0, 64)}`,
    };
  }
  const { limits, opens_at: opensAt, closes_at: closesAt } = info;
  if (closesAt <= opensAt) {
    return { code: 'epoch_invalid', detail: `closes_at ${closesAt} is not after ${opensAt}` };
  }
  if (limits.audit_rows_max < 1 || limits.challenge_deadline_ms < 1) {
    return { code: 'epoch_invalid', detail: 'limits leave no challenge that could be answered' };
  }
  return undefined;
}
