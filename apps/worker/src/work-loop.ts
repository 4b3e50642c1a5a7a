import { bytesToHex, type KeyPair } from '@tops/crypto';
import { deriveAttemptKey, type Kernel } from '@tops/kernel-spec';
import {
  KERNEL_VERSION,
  receiptIdOf,
  receiptSignedBytes,
  shapeLimitsProblem,
  shapeOps,
  signReceipt,
  type Shape,
} from '@tops/protocol';
import type { Logger, Readiness } from '@tops/observability';
import type { AttemptResult, CompletedAttempt, EpochView } from './attempt.ts';
import type { Autotuner } from './autotune.ts';
import { fullJitterMs, type BackoffOptions } from './backoff.ts';
import type { VerifierCircuit } from './circuit.ts';
import { isSameEpoch, type EpochWatch } from './epoch-watch.ts';
import type { NonceSource } from './nonce-source.ts';
import type { Pacer } from './pacer.ts';
import type { Recorder } from './recorder.ts';
import { Slots } from './slots.ts';
import type { Submitter } from './submitter.ts';
import type { Timing } from './timing.ts';
import type { VerifierClock } from './verifier-clock.ts';

export interface WorkLoopOptions {
  readonly keyPair: KeyPair;
  readonly deviceDid: string;
  /** Answers in flight at most; one more attempt may be computed and waiting. */
  readonly maxAnswersInFlight: number;
  readonly logsReceipts: boolean;
  /** Pauses after failures in a row, of the verdicts and of the compute device. */
  readonly failureBackoff: BackoffOptions;
}

export interface WorkLoopDeps {
  readonly kernel: Kernel;
  readonly autotuner: Autotuner;
  readonly epochWatch: EpochWatch;
  readonly submitter: Submitter;
  readonly circuit: VerifierCircuit;
  readonly pacer: Pacer;
  readonly nonces: NonceSource;
  readonly clock: VerifierClock;
  readonly recorder: Recorder;
  readonly readiness: Readiness;
  readonly logger: Logger;
  readonly timing: Timing;
}

/** Room for the receipt's way to the verifier before its epoch stops taking receipts. */
const submitMarginMs = 250;
/** How often a loop that may not work looks whether it may; local checks, nothing is sent. */
const idlePollMs = 100;
/** Failures in a row that are still chance; from then on each one costs a growing pause. */
const toleratedFailureCount = 3;
/** A device that fails this often in a row is gone: the process ends, its supervisor starts it afresh. */
const kernelFailureCountMax = 5;
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

/** Computes one attempt after the other and hands each to the submitter, which answers while the next is computed. */
export class WorkLoop {
  readonly #options: WorkLoopOptions;
  readonly #deps: WorkLoopDeps;
  readonly #slots: Slots;
  readonly #publicKey: Uint8Array;
  #shape: Shape | undefined;
  #kernelFailureCount = 0;
  #fail: (bug: unknown) => void = () => undefined;
  /** The last bug of an answer that `run` has not thrown: it came while answers were drained. */
  #lateBug: { readonly bug: unknown } | undefined;

  constructor(options: WorkLoopOptions, deps: WorkLoopDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#slots = new Slots(options.maxAnswersInFlight);
    this.#publicKey = options.keyPair.publicKey;
  }

  /** The shape being worked on. */
  get shape(): Shape | undefined {
    return this.#shape;
  }

  /**
   * Works until `stop` aborts; the attempt in progress is then given up. `cutOff` ends answers in flight too.
   *
   * @throws the kernel's error after too many in a row, and whatever else is a bug.
   */
  async run(signals: { readonly stop: AbortSignal; readonly cutOff: AbortSignal }): Promise<void> {
    // An answer's bug surfaces at once, whatever the loop is waiting for.
    const failed = new Promise<never>((_resolve, reject) => {
      this.#fail = (bug) => {
        this.#lateBug = { bug };
        reject(bug);
      };
    });
    try {
      await Promise.race([this.#loop(signals), failed]);
    } catch (error) {
      this.#lateBug = undefined;
      throw error;
    }
  }

  /** Resolves once no answer is in flight. @throws the bug of an answer that ended after `run`. */
  async drained(): Promise<void> {
    await this.#slots.idle();
    if (this.#lateBug !== undefined) throw this.#lateBug.bug;
  }

  async #loop(signals: {
    readonly stop: AbortSignal;
    readonly cutOff: AbortSignal;
  }): Promise<void> {
    const { stop, cutOff } = signals;
    while (!stop.aborted) {
      try {
        await this.#step(stop, cutOff);
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    }
  }

  async #step(stop: AbortSignal, cutOff: AbortSignal): Promise<void> {
    const { epochWatch, recorder } = this.#deps;
    await this.#untilWorkPays(stop);
    const shape = await this.#chooseShape(await epochWatch.first(stop), stop);
    if (shape === undefined) return;
    // Trials take a while: the epoch may be another one now, and so may the limits.
    const epoch = await epochWatch.first(stop);
    if (shapeLimitsProblem(shape, epoch.info.limits) !== undefined) return;
    if (this.#shouldSkip(epoch, shape)) {
      recorder.attemptEnded({ outcome: 'skipped' });
      await epochWatch.after(epoch, stop);
      return;
    }
    recorder.attemptStarted();
    const attempt = await this.#compute(epoch, { shape, stop });
    if (attempt === undefined) return;
    try {
      await this.#slots.acquire(stop);
    } catch (error) {
      recorder.attemptEnded({ outcome: 'aborted' });
      throw error;
    }
    this.#handOver(attempt, cutOff);
  }

  async #untilWorkPays(stop: AbortSignal): Promise<void> {
    const { circuit, pacer, timing } = this.#deps;
    for (;;) {
      await pacer.wait(stop);
      if (circuit.isClosed) return;
      await timing.sleep(idlePollMs, stop);
    }
  }

  async #chooseShape(epoch: EpochView, stop: AbortSignal): Promise<Shape | undefined> {
    const { autotuner, readiness, logger, pacer, recorder } = this.#deps;
    try {
      this.#shape = await autotuner.shapeFor(epoch.info.limits, stop);
    } catch (error) {
      stop.throwIfAborted();
      this.#kernelFailed(error);
      return undefined;
    }
    if (this.#shape !== undefined) {
      readiness.set('shape', true);
      recorder.shapeChosen(this.#shape);
      return this.#shape;
    }
    readiness.set('shape', false, 'no preset is within the limits of the verifier');
    const { min_rows: minRows, max_weights: maxWeights } = epoch.info.limits;
    logger.error('no preset is within the limits of the verifier', { minRows, maxWeights });
    pacer.pause(this.#options.failureBackoff.maxMs);
    return undefined;
  }

  /** Whether a receipt that takes `durationMs` from now still arrives while its epoch takes receipts. */
  #isInTime(epoch: EpochView, durationMs: number): boolean {
    return this.#deps.clock.nowMs() + durationMs + this.#marginMs(epoch) < epoch.acceptsUntilMs;
  }

  #marginMs({ info }: EpochView): number {
    // Short epochs (tests, demonstrations) leave less room for caution.
    const shareMs = (info.closes_at - info.opens_at) / 10;
    return Math.min(submitMarginMs + this.#deps.clock.uncertaintyMs(), shareMs);
  }

  /**
   * Whether to leave the rest of this epoch alone. Where not even a whole one is expected to be long enough the attempt is
   * made all the same: speeds are learnt from attempts, and a machine measured in a bad moment would never work again.
   */
  #shouldSkip(epoch: EpochView, shape: Shape): boolean {
    const { autotuner, logger } = this.#deps;
    const expectedMs = autotuner.expectedMs(shape);
    if (this.#isInTime(epoch, expectedMs)) return false;
    const epochMs = epoch.acceptsUntilMs - epoch.info.opens_at - this.#marginMs(epoch);
    if (expectedMs < epochMs || !this.#isInTime(epoch, 0)) return true;
    const fields = { expectedMs: Math.round(expectedMs), epochMs: Math.round(epochMs) };
    logger.warn('an attempt is expected to take longer than an epoch', fields);
    return false;
  }

  async #compute(
    epoch: EpochView,
    work: { readonly shape: Shape; readonly stop: AbortSignal },
  ): Promise<CompletedAttempt | undefined> {
    const { autotuner, kernel, nonces, recorder, timing } = this.#deps;
    const { shape, stop } = work;
    const nonce = nonces.next();
    const input = { prevHash: epoch.prevHash, publicKey: this.#publicKey, nonce, shape };
    const attemptKey = deriveAttemptKey(input);
    const startedAtMs = timing.monotonicMs();
    try {
      const commitment = await kernel.commit({ attemptKey, shape }, { signal: stop });
      this.#kernelFailureCount = 0;
      const elapsedMs = timing.monotonicMs() - startedAtMs;
      autotuner.observe(shape, { elapsedMs, limits: epoch.info.limits });
      const attempt = this.#sign({ epoch, shape, nonce, commitment, elapsedMs });
      recorder.attemptComputed(attempt, elapsedMs);
      return attempt;
    } catch (error) {
      if (stop.aborted) {
        recorder.attemptEnded({ outcome: 'aborted' });
        throw error;
      }
      recorder.attemptEnded({ outcome: 'kernel_error', code: 'commit_failed' });
      this.#kernelFailed(error);
      return undefined;
    }
  }

  #sign(
    work: Pick<CompletedAttempt, 'epoch' | 'shape' | 'commitment'> & {
      readonly nonce: number;
      readonly elapsedMs: number;
    },
  ): CompletedAttempt {
    const { epoch, shape, nonce, commitment, elapsedMs } = work;
    const receipt = signReceipt(
      {
        kernel_ver: KERNEL_VERSION,
        device_did: this.#options.deviceDid,
        public_key_hex: bytesToHex(this.#publicKey),
        epoch_id: epoch.info.epoch_id,
        prev_hash_hex: epoch.info.prev_hash_hex,
        nonce,
        sizes: shape,
        work_root_hex: bytesToHex(commitment.workRoot),
        time_ms: Math.round(elapsedMs),
        driver_hint: this.#deps.kernel.driverHint,
      },
      this.#options.keyPair,
    );
    const receiptId = receiptIdOf(receiptSignedBytes(receipt));
    if (this.#options.logsReceipts) this.#deps.logger.info('receipt', { receiptId, receipt });
    return { epoch, shape, ops: shapeOps(shape), commitment, receipt, receiptId };
  }

  /** Sends the attempt on its way, which gives its slot back at the end; dropped when its epoch is over. */
  #handOver(attempt: CompletedAttempt, cutOff: AbortSignal): void {
    const { recorder } = this.#deps;
    if (this.#isStale(attempt.epoch)) {
      recorder.attemptEnded({ outcome: 'stale', code: 'epoch_closed' });
      this.#slots.release();
      return;
    }
    recorder.inFlightChanged(this.#slots.inUse);
    void this.#answer(attempt, cutOff)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#slots.release();
        recorder.inFlightChanged(this.#slots.inUse);
      });
  }

  async #answer(attempt: CompletedAttempt, cutOff: AbortSignal): Promise<void> {
    const { recorder, submitter, timing } = this.#deps;
    const startedAtMs = timing.monotonicMs();
    let result: AttemptResult;
    try {
      result = await submitter.answer(attempt, cutOff);
    } catch (error) {
      // Computed and counted as begun: it has to end in the figures too.
      const detail = error instanceof Error ? error.message : String(error);
      recorder.attemptEnded({ outcome: 'failed', code: 'other', detail });
      throw error;
    }
    recorder.verdict(attempt, result, timing.monotonicMs() - startedAtMs);
    this.#react(attempt, result);
  }

  #isStale(epoch: EpochView): boolean {
    const { current } = this.#deps.epochWatch;
    const isReplaced =
      current?.info.epoch_id === epoch.info.epoch_id &&
      current.info.prev_hash_hex !== epoch.info.prev_hash_hex;
    return isReplaced || !this.#isInTime(epoch, 0);
  }

  #react(attempt: CompletedAttempt, result: AttemptResult): void {
    const { epochWatch, nonces, pacer, readiness } = this.#deps;
    const code = result.code ?? '';
    if (result.outcome === 'accepted') readiness.set('key', true);
    if (result.outcome === 'accepted' || result.outcome === 'aborted') return;
    // Stragglers of an epoch that is known to be over say nothing new.
    const { current } = epochWatch;
    const isCurrent = current !== undefined && isSameEpoch(current, attempt.epoch);
    if (outdatedEpochCodes.has(code) && isCurrent) epochWatch.refresh();
    if (code === 'nonce_already_used') nonces.restart();
    if (result.outcome === 'kernel_error') this.#kernelFailed(new Error(result.detail));
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
    pacer.pause(fullJitterMs(this.#options.failureBackoff, surplusCount, timing.random()));
  }

  /** @throws the error when it was one too many. */
  #kernelFailed(error: unknown): void {
    this.#deps.recorder.kernelFailed(error);
    this.#kernelFailureCount++;
    if (this.#kernelFailureCount >= kernelFailureCountMax) throw error;
    const { baseMs } = this.#options.failureBackoff;
    this.#deps.pacer.pause(baseMs * 2 ** this.#kernelFailureCount);
  }
}
