import { setMaxListeners } from 'node:events';
import { publicKeyToDid, type KeyPair } from '@tops/crypto';
import type { Kernel } from '@tops/kernel-spec';
import type { Logger, Readiness } from '@tops/observability';
import { KERNEL_VERSION, VerifierClient } from '@tops/protocol';
import { Autotuner, type SpeedCache } from './autotune.ts';
import type { ChallengeProblem } from './challenge-check.ts';
import { VerifierCircuit } from './circuit.ts';
import type { WorkerConfig } from './config.ts';
import { EpochWatch } from './epoch-watch.ts';
import type { WorkerMetrics } from './metrics.ts';
import { NonceSource } from './nonce-source.ts';
import { defaultPace, type WorkerPace } from './pace.ts';
import { Pacer } from './pacer.ts';
import { Recorder } from './recorder.ts';
import { lastErrorStatus, type Phase, type WorkerStatus } from './status.ts';
import { Submitter } from './submitter.ts';
import type { Timing } from './timing.ts';
import { TokenBucket } from './token-bucket.ts';
import { VerifierApi } from './verifier-api.ts';
import { clockSamplingFetch, VerifierClock } from './verifier-clock.ts';
import { VerifiedTopsWatch } from './verified-tops-watch.ts';
import { WorkLoop } from './work-loop.ts';

export interface WorkerOptions {
  readonly keyPair: KeyPair;
  readonly settings: Omit<WorkerConfig, 'keyPair'>;
  /** Rows of the first autotune trial. */
  readonly trialRowCount: number;
  readonly pace?: Partial<WorkerPace>;
}

export interface WorkerDeps {
  readonly kernel: Kernel;
  readonly metrics: WorkerMetrics;
  readonly readiness: Readiness;
  readonly logger: Logger;
  readonly timing: Timing;
  /** Autotune's speeds of an earlier process; default: none are kept. */
  readonly speedCache?: SpeedCache;
  readonly fetch?: typeof fetch;
}

/** The worker without its process: everything from the epoch to the credit. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #deps: WorkerDeps;
  readonly #did: string;
  readonly #deviceDid: string;
  readonly #startedAtMs: number;
  readonly #recorder: Recorder;
  readonly #circuit: VerifierCircuit;
  readonly #pacer: Pacer;
  readonly #epochWatch: EpochWatch;
  readonly #verifiedTops: VerifiedTopsWatch;
  readonly #loop: WorkLoop;
  readonly #cutOff = new AbortController();
  #phase: Phase = 'starting';

  constructor(options: WorkerOptions, deps: WorkerDeps) {
    const { keyPair, settings } = options;
    const { metrics, logger, readiness, timing } = deps;
    const pace = { ...defaultPace, ...options.pace };
    this.#options = options;
    this.#deps = deps;
    this.#did = publicKeyToDid(keyPair.publicKey);
    this.#deviceDid = settings.deviceDid ?? this.#did;
    this.#startedAtMs = timing.unixMs();
    this.#recorder = new Recorder({ metrics, logger, readiness, timing });
    const { targetMs, isDisabled } = settings.autotune;
    metrics.attemptTargetSeconds.set(isDisabled ? 0 : targetMs / 1000);
    this.#circuit = new VerifierCircuit({
      failureCount: pace.circuitFailureCount,
      openMinMs: pace.circuitOpenMinMs,
      openMaxMs: pace.circuitOpenMaxMs,
    });
    this.#circuit.onStateChange((state) => {
      this.#recorder.circuitChanged(state);
      // The watch is who probes: asleep until the epoch's end it would leave the circuit open for as long.
      if (state === 'open') this.#epochWatch.refresh();
    });
    this.#pacer = new Pacer(timing);
    const clock = new VerifierClock(timing);
    const api = this.#createApi(clock, pace);
    this.#epochWatch = this.#createEpochWatch({ api, clock, pace });
    this.#verifiedTops = new VerifiedTopsWatch(
      { did: this.#did, intervalMs: pace.verifiedTopsMs },
      {
        api,
        timing,
        isKnown: () => this.#recorder.counts.accepted > 0,
        onRead: (verifiedTops) => this.#recorder.verifiedTopsRead(verifiedTops),
      },
    );
    this.#loop = this.#createLoop({ api, clock, pace });
  }

  /**
   * Works until `stop` aborts.
   *
   * @throws when the compute device keeps failing; anything else thrown is a bug.
   */
  async run(stop: AbortSignal): Promise<void> {
    // One listener for each answer in flight and a few to spare; more would be a leak, of which Node.js should warn.
    setMaxListeners(this.#options.settings.maxAnswersInFlight + 10, this.#cutOff.signal);
    const background = Promise.all([this.#epochWatch.run(stop), this.#verifiedTops.run(stop)]);
    const working = this.#loop.run({ stop, cutOff: this.#cutOff.signal });
    await Promise.race([working, background.then(() => working)]);
  }

  /**
   * Waits for answers in flight, at most `boundMs`; then ends them. Call it after `run` has ended.
   *
   * @throws what an answer failed with meanwhile: a bug, or a compute device that is gone.
   */
  async drain(boundMs: number): Promise<void> {
    this.#phase = 'stopping';
    const { timing, logger } = this.#deps;
    const bound = new AbortController();
    const drained = this.#loop.drained();
    const late = timing.sleep(boundMs, bound.signal).then(
      () => false,
      () => true,
    );
    const inTime = await Promise.race([drained.then(() => true), late]).finally(() =>
      bound.abort(),
    );
    if (inTime) return;
    const { inFlight } = this.#recorder.counts;
    logger.warn('answers in flight cut off at the shutdown deadline', { inFlight });
    this.#cutOff.abort(new Error('shutdown deadline'));
    await drained;
  }

  status(): WorkerStatus {
    const { counts, deviceSpeed, gemmShare } = this.#recorder;
    const { info } = this.#epochWatch.current ?? {};
    return {
      service: 'worker',
      phase: this.#currentPhase(),
      did: this.#did,
      device_did: this.#deviceDid,
      driver_hint: this.#deps.kernel.driverHint,
      kernel_ver: KERNEL_VERSION,
      aggregator_url: this.#options.settings.aggregatorUrl,
      started_at: this.#startedAtMs,
      epoch_id: info?.epoch_id ?? null,
      sizes: this.#loop.shape ?? null,
      attempts: counts.attempts,
      accepted: counts.accepted,
      rejected: counts.rejected,
      missed: counts.missed,
      lost: counts.lost,
      skipped: counts.skipped,
      in_flight: counts.inFlight,
      consecutive_failures: counts.consecutiveFailures,
      credited_ops: String(counts.creditedOps),
      gops: thousandths(this.#recorder.gops),
      device_gops: deviceSpeed === undefined ? null : thousandths(deviceSpeed.opsPerSecond / 1e9),
      gemm_share: gemmShare === undefined ? null : thousandths(gemmShare),
      verified_tops: this.#recorder.verifiedTops ?? null,
      circuit: this.#circuit.state,
      last_error: lastErrorStatus(this.#recorder.lastError),
    };
  }

  #currentPhase(): Phase {
    if (this.#phase === 'stopping') return 'stopping';
    if (!this.#circuit.isClosed || this.#pacer.remainingMs > 0) return 'waiting';
    if (this.#epochWatch.current === undefined) return 'starting';
    return this.#loop.shape === undefined ? 'tuning' : 'working';
  }

  #createApi(clock: VerifierClock, pace: WorkerPace): VerifierApi {
    const { settings } = this.#options;
    const { timing, fetch: baseFetch = fetch } = this.#deps;
    const transport = new VerifierClient(
      { baseUrl: settings.aggregatorUrl, timeoutMs: settings.requestTimeoutMs },
      { fetch: clockSamplingFetch(baseFetch, { clock, timing }) },
    );
    const { requestsPerSecond } = settings;
    const bucket = new TokenBucket(
      { ratePerSecond: requestsPerSecond, burst: Math.max(1, requestsPerSecond) },
      timing,
    );
    const maxMs = Math.max(settings.retryDelayMs, pace.retryDelayMaxMs);
    return new VerifierApi(
      { maxRetries: settings.maxRetries, backoff: { baseMs: settings.retryDelayMs, maxMs } },
      {
        transport,
        circuit: this.#circuit,
        bucket,
        pacer: this.#pacer,
        clock,
        timing,
        onError: (failure) => this.#recorder.callFailed(failure),
      },
    );
  }

  #createEpochWatch(parts: {
    api: VerifierApi;
    clock: VerifierClock;
    pace: WorkerPace;
  }): EpochWatch {
    const { api, clock, pace } = parts;
    const { logger, metrics, readiness, timing } = this.#deps;
    readiness.set('epoch', false, 'no epoch from the verifier yet');
    return new EpochWatch(
      {
        pollMs: pace.epochPollMs,
        minIntervalMs: pace.epochMinIntervalMs,
        backoff: {
          baseMs: this.#options.settings.retryDelayMs,
          maxMs: pace.epochBackoffMaxMs,
        },
      },
      {
        api,
        clock,
        timing,
        onEpoch: (epoch, previous) => {
          const { epoch_id: epochId, verifier_key_hex: verifierKey } = epoch.info;
          readiness.set('epoch', true);
          metrics.epoch.set(epochId);
          logger.info('epoch', { epochId, prevHash: epoch.info.prev_hash_hex });
          if (previous !== undefined && previous.info.verifier_key_hex !== verifierKey) {
            logger.warn('the verifier signs with another key than before', { verifierKey });
          }
        },
        onProblem: (problem) => {
          readiness.set('epoch', false, problem.code);
          logger.error('the epoch of the verifier cannot be worked on', { ...problem });
        },
        onRefused: ({ code, detail }) => {
          logger.warn('the verifier refuses to tell its epoch', { code, detail });
        },
      },
    );
  }

  #createLoop(parts: { api: VerifierApi; clock: VerifierClock; pace: WorkerPace }): WorkLoop {
    const { api, clock, pace } = parts;
    const { keyPair, settings } = this.#options;
    const { kernel, readiness, logger, timing } = this.#deps;
    const onBadChallenge = (problem: ChallengeProblem) => this.#recorder.badChallenge(problem);
    return new WorkLoop(
      {
        keyPair,
        deviceDid: this.#deviceDid,
        maxAnswersInFlight: settings.maxAnswersInFlight,
        logsReceipts: settings.logsReceipts,
        failureBackoff: { baseMs: pace.failurePauseMs, maxMs: pace.failurePauseMaxMs },
      },
      {
        kernel,
        autotuner: this.#createAutotuner(),
        epochWatch: this.#epochWatch,
        submitter: new Submitter({ api, clock, onBadChallenge }),
        circuit: this.#circuit,
        pacer: this.#pacer,
        nonces: new NonceSource(),
        clock,
        recorder: this.#recorder,
        readiness,
        logger,
        timing,
      },
    );
  }

  #createAutotuner(): Autotuner {
    const { settings, trialRowCount } = this.#options;
    const { kernel, logger, timing, speedCache } = this.#deps;
    return new Autotuner(
      { ...settings.autotune, trialRowCount },
      {
        kernel,
        timing,
        ...(speedCache && { speedCache }),
        onTrial: ({ n, k, gops }) => {
          logger.info('autotune trial', { n, k, gops: Math.round(gops * 10) / 10 });
        },
      },
    );
  }
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
