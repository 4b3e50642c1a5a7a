import type { Logger, Readiness } from '@tops/observability';
import type { Shape } from '@tops/protocol';
import type { DeviceEvent } from '@tops/kernel-webgpu';
import type { DeviceTime } from '@tops/kernel-spec';
import type { AttemptResult, CompletedAttempt } from './attempt.ts';
import type { ChallengeProblem } from './challenge-check.ts';
import type { CircuitStateName } from './circuit.ts';
import { circuitStates, type ErrorKind, type WorkerMetrics } from './metrics.ts';
import { RateWindow } from './rate-window.ts';
import type { Timing } from './timing.ts';
import type { CallFailure } from './verifier-api.ts';

/** What the worker did so far; figures of this process only. */
export interface WorkerCounts {
  attempts: number;
  accepted: number;
  rejected: number;
  missed: number;
  /** Everything else that was computed and earned nothing. */
  lost: number;
  skipped: number;
  creditedOps: bigint;
  consecutiveFailures: number;
  inFlight: number;
}

export interface LastError {
  readonly code: string;
  readonly detail: string;
  readonly atMs: number;
}

/** How fast the GPU was on the last attempt, by its own clock where it has one, and how fast it multiplies at best. */
export interface DeviceSpeed {
  readonly opsPerSecond: number;
  /** 0 where unknown. */
  readonly gemmOpsPerSecond: number;
}

export interface RecorderDeps {
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly timing: Timing;
}

/** Codes that say nothing is wrong with the worker: at most worth a line at debug. */
const quietCodes: ReadonlySet<string> = new Set(['circuit_open', 'epoch_closed']);

/** The one place where what happens becomes figures, log lines and readiness. */
export class Recorder {
  readonly counts: WorkerCounts = {
    attempts: 0,
    accepted: 0,
    rejected: 0,
    missed: 0,
    lost: 0,
    skipped: 0,
    creditedOps: 0n,
    consecutiveFailures: 0,
    inFlight: 0,
  };
  readonly #deps: RecorderDeps;
  readonly #speed: RateWindow;
  #lastError: LastError | undefined;
  #verifiedTops: number | undefined;
  #deviceSpeed: DeviceSpeed | undefined;
  #isCircuitOpen = false;
  #lastWarnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#speed = new RateWindow(30_000, deps.timing);
    this.circuitChanged('closed');
  }

  get lastError(): LastError | undefined {
    return this.#lastError;
  }
  get verifiedTops(): number | undefined {
    return this.#verifiedTops;
  }
  /** 10^9 nominal ops per second over the last half minute. */
  get gops(): number {
    const opsPerSecond = this.#speed.perSecond();
    const { metrics } = this.#deps;
    metrics.gops.set(opsPerSecond);
    metrics.deviceWorkRatio.set(this.#gemmShare(opsPerSecond) ?? 0);
    return opsPerSecond / 1e9;
  }
  /** Of the last attempt; undefined while the CPU computes. */
  get deviceSpeed(): DeviceSpeed | undefined {
    return this.#deviceSpeed;
  }
  /** What of the GPU's GEMM rate the last half minute reached, waiting included; undefined where that rate is unknown. */
  get gemmShare(): number | undefined {
    return this.#gemmShare(this.#speed.perSecond());
  }

  shapeChosen(shape: Shape): void {
    this.#deps.metrics.attemptRows.set(shape.m);
  }

  attemptStarted(): void {
    this.counts.attempts++;
    this.#speed.begin();
  }

  attemptComputed(attempt: CompletedAttempt, elapsedMs: number): void {
    const ops = Number(attempt.ops);
    this.#deps.metrics.ops.inc(ops);
    this.#deps.metrics.attemptSeconds.observe(elapsedMs / 1000);
    this.#speed.add(ops);
    this.#deviceWorked(ops, attempt.commitment.deviceTime);
  }

  inFlightChanged(count: number): void {
    this.counts.inFlight = count;
    this.#deps.metrics.inFlight.set(count);
  }

  verdict(attempt: CompletedAttempt, result: AttemptResult, elapsedMs: number): void {
    const { logger, metrics } = this.#deps;
    metrics.submitSeconds.observe(elapsedMs / 1000);
    const fields = { receiptId: attempt.receiptId, epochId: attempt.epoch.info.epoch_id };
    if (result.outcome === 'accepted') {
      const creditedOps = String(result.creditedOps);
      if (this.counts.accepted === 0) logger.info('first receipt accepted', fields);
      logger.debug('receipt accepted', { ...fields, creditedOps });
    }
    this.attemptEnded(result, fields);
  }

  /** Every attempt ends here once, started or not. */
  attemptEnded(result: AttemptResult, fields: Record<string, unknown> = {}): void {
    const { counts } = this;
    const { metrics } = this.#deps;
    metrics.attempts.inc({ outcome: result.outcome });
    if (result.outcome === 'skipped') counts.skipped++;
    if (result.outcome === 'skipped' || result.outcome === 'aborted') return;
    if (result.outcome === 'accepted') {
      counts.accepted++;
      counts.consecutiveFailures = 0;
      counts.creditedOps += result.creditedOps ?? 0n;
      metrics.accepted.inc();
      metrics.creditedOps.inc(Number(result.creditedOps ?? 0n));
    } else {
      this.#earnedNothing(result, fields);
    }
    metrics.consecutiveFailures.set(counts.consecutiveFailures);
  }

  kernelFailed(error: unknown): void {
    this.error('gpu');
    this.#deps.logger.error('compute device failed', { error });
  }

  error(kind: ErrorKind): void {
    this.#deps.metrics.errors.inc({ kind });
  }

  callFailed(failure: CallFailure): void {
    this.error(errorKindOf(failure));
    this.#remember(failure.code, failure.detail);
    this.#deps.logger.debug('call failed', { code: failure.code, detail: failure.detail });
  }

  badChallenge(problem: ChallengeProblem): void {
    this.error(problem.kind);
    this.#deps.logger.warn('challenge refused', { code: problem.code, detail: problem.detail });
  }

  circuitChanged(state: CircuitStateName): void {
    const { metrics, readiness, logger } = this.#deps;
    for (const name of circuitStates) metrics.circuit.set(name === state ? 1 : 0, { state: name });
    if (state === 'closed') {
      if (this.#isCircuitOpen) logger.info('verifier answers again');
      this.#isCircuitOpen = false;
      readiness.set('circuit', true);
    } else readiness.set('circuit', false, `the circuit breaker to the verifier is ${state}`);
    // A failed probe opens it again: said once an outage is enough.
    if (state === 'open' && !this.#isCircuitOpen) {
      this.#isCircuitOpen = true;
      const { code } = this.#lastError ?? { code: 'unknown' };
      logger.warn('verifier unreachable, work stops until it answers', { code });
    }
  }

  verifiedTopsRead(verifiedTops: number): void {
    this.#verifiedTops = verifiedTops;
    this.#deps.metrics.verifiedOps.set(verifiedTops * 1e12);
  }

  #deviceWorked(ops: number, time: DeviceTime | undefined): void {
    const { metrics } = this.#deps;
    if (time === undefined) this.#deviceSpeed = undefined;
    else {
      metrics.deviceSeconds.inc({ clock: time.clock }, time.seconds);
      this.#deviceSpeed = {
        opsPerSecond: ops / time.seconds,
        gemmOpsPerSecond: time.bestGemmOpsPerSecond,
      };
    }
    const { opsPerSecond = 0 } = this.#deviceSpeed ?? {};
    metrics.deviceOps.set(opsPerSecond);
    metrics.deviceGemmOps.set(this.#deviceSpeed?.gemmOpsPerSecond ?? 0);
    metrics.deviceAttemptRatio.set(this.#gemmShare(opsPerSecond) ?? 0);
  }

  #gemmShare(opsPerSecond: number): number | undefined {
    const { gemmOpsPerSecond = 0 } = this.#deviceSpeed ?? {};
    return gemmOpsPerSecond > 0 ? opsPerSecond / gemmOpsPerSecond : undefined;
  }

  #earnedNothing(result: AttemptResult, fields: Record<string, unknown>): void {
    const { counts } = this;
    const { outcome, code = outcome, detail = '', row } = result;
    counts.consecutiveFailures++;
    if (outcome === 'rejected') counts.rejected++;
    else if (outcome === 'missed') counts.missed++;
    else counts.lost++;
    this.#deps.metrics.rejected.inc({ code });
    this.#remember(code, detail);
    const all = { ...fields, outcome, code, detail, ...(row === undefined ? {} : { row }) };
    this.#logFailure(all, outcome === 'rejected');
  }

  /** A verdict against the work is always said; the rest at most every few seconds, for a failing verifier repeats itself. */
  #logFailure(fields: { readonly code: string } & Record<string, unknown>, isVerdict: boolean) {
    const { logger, timing } = this.#deps;
    if (isVerdict) {
      logger.error('verifier rejected the work of this machine', fields);
      return;
    }
    const nowMs = timing.monotonicMs();
    const isLoud = !quietCodes.has(fields.code) && nowMs - this.#lastWarnedAtMs >= 5000;
    if (isLoud) this.#lastWarnedAtMs = nowMs;
    logger[isLoud ? 'warn' : 'debug']('attempt earned nothing', fields);
  }

  #remember(code: string, detail: string): void {
    this.#lastError = { code, detail, atMs: this.#deps.timing.unixMs() };
  }
}

/** Counts what happens to the GPU; the log lines are the device's own. */
export function countDeviceEvent(
  event: DeviceEvent,
  metrics: Pick<WorkerMetrics, 'deviceFaults' | 'deviceResets'>,
): void {
  switch (event.kind) {
    case 'fault':
      return metrics.deviceFaults.inc({ kind: event.fault });
    case 'reset':
      return metrics.deviceResets.inc({ outcome: 'reopened' });
    case 'reset_failed':
      return metrics.deviceResets.inc({ outcome: 'failed' });
    case 'gave_up':
      return metrics.deviceResets.inc({ outcome: 'gave_up' });
  }
}

export function errorKindOf(failure: CallFailure): ErrorKind {
  if (failure.code.startsWith('signature_') || failure.code === 'public_key_invalid') {
    return 'signature';
  }
  if (failure.code === 'network_malformed_response') return 'validation';
  return failure.kind === 'refused' ? 'validation' : 'network';
}
