import type { KeyPair } from '@tops/crypto';
import type { Kernel } from '@tops/kernel-spec';
import { shapeLimitsProblem, type Shape } from '@tops/protocol';
import type { Logger, Readiness } from '@tops/observability';
import type { AttemptResult, CompletedAttempt, EpochView } from './attempt.ts';
import type { Autotuner } from './autotune.ts';
import type { BackoffOptions } from './backoff.ts';
import type { VerifierCircuit } from './circuit.ts';
import { EpochRoom } from './epoch-room.ts';
import type { EpochWatch } from './epoch-watch.ts';
import { KernelFailures } from './kernel-failures.ts';
import type { NonceSource } from './nonce-source.ts';
import type { Pacer } from './pacer.ts';
import { ReceiptSigner } from './receipt-signer.ts';
import type { Recorder } from './recorder.ts';
import { Slots } from './slots.ts';
import type { Submitter } from './submitter.ts';
import type { Timing } from './timing.ts';
import { VerdictReactions } from './verdict-reactions.ts';
import type { VerifierClock } from './verifier-clock.ts';

export interface WorkLoopOptions {
  readonly keyPair: KeyPair;
  readonly deviceDid: string;
  /** Answers in flight at most; one more attempt may be computed and waiting, and on a GPU the next one be computed. */
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

/** How often a loop that may not work looks whether it may; local checks, nothing is sent. */
const idlePollMs = 100;
/** Computes one attempt after the other and hands each to the submitter, which answers while the next is computed. */
export class WorkLoop {
  readonly #options: WorkLoopOptions;
  readonly #deps: WorkLoopDeps;
  readonly #slots: Slots;
  readonly #signer: ReceiptSigner;
  readonly #reactions: VerdictReactions;
  readonly #kernelFailures: KernelFailures;
  readonly #epochRoom: EpochRoom;
  #shape: Shape | undefined;
  #computedAtMs = Number.NEGATIVE_INFINITY;
  /** Of the attempt begun last: until it is handed over, dropped or failed. Never rejects. */
  #finishing: Promise<void> = Promise.resolve();
  #hasFailed = false;
  #fail: (bug: unknown) => void = () => undefined;
  /** The last bug of an answer that `run` has not thrown: it came while answers were drained. */
  #lateBug: { readonly bug: unknown } | undefined;

  constructor(options: WorkLoopOptions, deps: WorkLoopDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#slots = new Slots(options.maxAnswersInFlight);
    this.#signer = new ReceiptSigner({ ...options, kernel: deps.kernel });
    this.#reactions = new VerdictReactions(options, deps);
    this.#kernelFailures = new KernelFailures(options, deps);
    this.#epochRoom = new EpochRoom(deps);
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
        this.#hasFailed = true;
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
    while (!stop.aborted && !this.#hasFailed) {
      try {
        await this.#step(stop, cutOff);
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    }
    await this.#finishing;
  }

  async #step(stop: AbortSignal, cutOff: AbortSignal): Promise<void> {
    const { autotuner, epochWatch, recorder } = this.#deps;
    await this.#untilWorkPays(stop);
    const shape = await this.#chooseShape(await epochWatch.first(stop), stop);
    if (shape === undefined) return;
    // Trials take a while: the epoch may be another one now, and so may the limits.
    const epoch = await epochWatch.first(stop);
    if (shapeLimitsProblem(shape, epoch.info.limits) !== undefined) return;
    if (this.#epochRoom.shouldSkip(epoch, autotuner.expectedMs(shape))) {
      recorder.attemptEnded({ outcome: 'skipped' });
      await epochWatch.after(epoch, stop);
      return;
    }
    recorder.attemptStarted();
    // On a GPU the next attempt is begun while this one is read back, but never a third.
    const before = this.#finishing;
    const { queued, finished } = this.#begin(epoch, { shape, stop, cutOff });
    this.#finishing = finished;
    await Promise.race([queued, finished]);
    await before;
  }

  #begin(
    epoch: EpochView,
    work: { readonly shape: Shape; readonly stop: AbortSignal; readonly cutOff: AbortSignal },
  ): { readonly queued: Promise<void>; readonly finished: Promise<void> } {
    let onQueued: () => void = () => undefined;
    const queued = new Promise<void>((resolve) => {
      onQueued = resolve;
    });
    const finished = this.#finish(epoch, { ...work, onQueued }).catch((error: unknown) => {
      if (!work.stop.aborted) this.#fail(error);
    });
    return { queued, finished };
  }

  async #finish(
    epoch: EpochView,
    work: {
      readonly shape: Shape;
      readonly stop: AbortSignal;
      readonly cutOff: AbortSignal;
      readonly onQueued: () => void;
    },
  ): Promise<void> {
    const attempt = await this.#compute(epoch, work);
    if (attempt === undefined) return;
    try {
      await this.#slots.acquire(work.stop);
    } catch (error) {
      this.#deps.recorder.attemptEnded({ outcome: 'aborted' });
      throw error;
    }
    this.#handOver(attempt, work.cutOff);
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
      this.#kernelFailures.add(error);
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

  async #compute(
    epoch: EpochView,
    work: { readonly shape: Shape; readonly stop: AbortSignal; readonly onQueued: () => void },
  ): Promise<CompletedAttempt | undefined> {
    const { autotuner, kernel, logger, nonces, recorder, timing } = this.#deps;
    const { shape, stop, onQueued } = work;
    const begun = { epoch, shape, nonce: nonces.next() };
    const attemptKey = this.#signer.attemptKey(begun);
    const startedAtMs = timing.monotonicMs();
    try {
      const commitment = await kernel.commit({ attemptKey, shape }, { signal: stop, onQueued });
      this.#kernelFailures.end();
      // Time behind the attempt before it in the queue is that one's.
      const endedAtMs = timing.monotonicMs();
      const elapsedMs = endedAtMs - Math.max(startedAtMs, this.#computedAtMs);
      this.#computedAtMs = endedAtMs;
      autotuner.observe(shape, { elapsedMs, limits: epoch.info.limits });
      const attempt = this.#signer.complete(begun, { commitment, elapsedMs });
      const { receiptId, receipt } = attempt;
      if (this.#options.logsReceipts) logger.info('receipt', { receiptId, receipt });
      recorder.attemptComputed(attempt, elapsedMs);
      return attempt;
    } catch (error) {
      if (stop.aborted) {
        recorder.attemptEnded({ outcome: 'aborted' });
        throw error;
      }
      recorder.attemptEnded({ outcome: 'kernel_error', code: 'commit_failed' });
      this.#kernelFailures.add(error, startedAtMs);
      return undefined;
    }
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
    if (result.outcome === 'kernel_error') this.#kernelFailures.add(new Error(result.detail));
    this.#reactions.react(attempt, result);
  }

  #isStale(epoch: EpochView): boolean {
    const { current } = this.#deps.epochWatch;
    const isReplaced =
      current?.info.epoch_id === epoch.info.epoch_id &&
      current.info.prev_hash_hex !== epoch.info.prev_hash_hex;
    return isReplaced || !this.#epochRoom.isInTime(epoch, 0);
  }
}
