import { kernelFallbackReasons } from '@tops/kernel-cpu';
import { deviceFaultKinds } from '@tops/kernel-webgpu';
import { createMetrics, type Metrics } from '@tops/observability';
import { errorCodes } from '@tops/protocol';
import { attemptOutcomes } from './attempt.ts';

/** gpu: the compute device, the CPU kernel included; validation: messages one side would not take. */
export const errorKinds = ['gpu', 'network', 'signature', 'validation'] as const;
export type ErrorKind = (typeof errorKinds)[number];

/** What became of opening a failed GPU anew; gave_up comes once, after too many in a row. */
export const resetOutcomes = ['reopened', 'failed', 'gave_up'] as const;

/** Whose seconds: the GPU's own timestamps, or the wall's clock. */
export const deviceClocks = ['device', 'wall'] as const;

export const circuitStates = ['closed', 'half_open', 'open'] as const;

/** Closed, so that no verifier can grow the label set: the protocol's codes, ours, and `other`. */
export const rejectionCodes: readonly string[] = [
  ...Object.keys(errorCodes),
  'challenge_receipt_foreign',
  'challenge_rows_invalid',
  'challenge_signature_invalid',
  'circuit_open',
  'commit_failed',
  'opening_failed',
  'network_connect',
  'network_timeout',
  'network_malformed_response',
  'other',
];

/**
 * Attempts aim at AUTOTUNE_TARGET_MS (300 ms by default, minutes at most): doubling from 10 ms separates a GPU's from a
 * small CPU's and shows the target being missed by a factor of two, in 14 series.
 */
const attemptBuckets = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 1, 2, 5, 10, 30, 120] as const;

/**
 * Receipt to verdict: a few round trips and a verifier's recomputation, so milliseconds on a good day; the challenge
 * deadline (10 s) has its own bound, since beyond it nothing is credited.
 */
const submitBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;

/** Everything /metrics shows beside the process's own figures. Never a key, an address or a receipt as a label. */
export function createWorkerMetrics(metrics: Metrics = createWorkerRegistry()) {
  return {
    registry: metrics.registry,
    attempts: metrics.counter({
      name: 'attempts_total',
      help: 'Attempts by how they ended.',
      labels: { outcome: attemptOutcomes },
    }),
    accepted: metrics.counter({
      name: 'accepted_total',
      help: 'Receipts the verifier accepted and credited.',
    }),
    rejected: metrics.counter({
      name: 'rejected_total',
      help: 'Attempts that were started and earned nothing, by code.',
      labels: { code: rejectionCodes },
    }),
    ops: metrics.counter({ name: 'ops_total', help: 'Nominal ops computed and committed to.' }),
    creditedOps: metrics.counter({
      name: 'credited_ops_total',
      help: 'Nominal ops the verifier credited; a later revocation is not taken off.',
    }),
    ...timeMetrics(metrics),
    errors: metrics.counter({
      name: 'errors_total',
      help: 'Errors by kind, the ones a retry makes good included.',
      labels: { kind: errorKinds },
    }),
    kernelFallbacks: metrics.counter({
      name: 'kernel_fallbacks_total',
      help: 'Times the native CPU kernel was wanted and WebAssembly took its place, by reason.',
      labels: { reason: kernelFallbackReasons },
    }),
    consecutiveFailures: metrics.gauge({
      name: 'consecutive_failures',
      help: 'Attempts in a row that earned nothing; 0 after an accepted one.',
    }),
    circuit: metrics.gauge({
      name: 'circuit_state',
      help: 'Circuit breaker to the verifier: 1 for the state it is in.',
      labels: { state: circuitStates },
    }),
    inFlight: metrics.gauge({
      name: 'answers_in_flight',
      help: 'Committed attempts whose verdict is not in yet.',
    }),
    gops: metrics.gauge({
      name: 'compute_ops_per_second',
      help: 'Nominal ops per second over the last half minute.',
    }),
    verifiedOps: metrics.gauge({
      name: 'verified_ops_per_second',
      help: 'What the verifier says this key computes: nominal ops per second over its last sealed epochs.',
    }),
    ...deviceMetrics(metrics),
    epoch: metrics.gauge({ name: 'epoch', help: 'Epoch being worked on.' }),
    attemptRows: metrics.gauge({ name: 'attempt_rows', help: 'm of the current shape.' }),
  };
}

function timeMetrics(metrics: Metrics) {
  return {
    attemptSeconds: metrics.histogram({
      name: 'attempt_seconds',
      help: 'Compute time of one attempt, from the start to its commitment.',
      buckets: attemptBuckets,
    }),
    attemptTargetSeconds: metrics.gauge({
      name: 'attempt_target_seconds',
      help: 'Compute time that attempts are scaled to (AUTOTUNE_TARGET_MS); 0 with AUTOTUNE_DISABLE.',
    }),
    submitSeconds: metrics.histogram({
      name: 'submit_seconds',
      help: 'From handing a receipt over to the verdict, retries and opening included.',
      buckets: submitBuckets,
    }),
  };
}

/** Of the GPU alone; the gauges are 0 while the CPU computes, and before the first attempt. */
function deviceMetrics(metrics: Metrics) {
  return {
    deviceFaults: metrics.counter({
      name: 'device_faults_total',
      help: 'Faults of the GPU by kind; each costs the attempts under way and one reset.',
      labels: { kind: deviceFaultKinds },
    }),
    deviceResets: metrics.counter({
      name: 'device_resets_total',
      help: 'Tries to open the GPU anew after a fault, by outcome; gave_up is the end of it.',
      labels: { outcome: resetOutcomes },
    }),
    deviceSeconds: metrics.counter({
      name: 'device_seconds_total',
      help: 'Time the GPU worked on attempts, by the clock that measured it; its rate is the share of time in use.',
      labels: { clock: deviceClocks },
    }),
    deviceOps: metrics.gauge({
      name: 'device_ops_per_second',
      help: 'Nominal ops per second of GPU time of the last attempt.',
    }),
    deviceGemmOps: metrics.gauge({
      name: 'device_gemm_ops_per_second',
      help: 'Best rate of the two layers alone seen on the GPU, in the trial at start or in an attempt.',
    }),
    deviceAttemptRatio: metrics.gauge({
      name: 'device_attempt_gemm_ratio',
      help: 'device_ops_per_second over device_gemm_ops_per_second: what of the GEMM rate a whole attempt reaches.',
    }),
    deviceWorkRatio: metrics.gauge({
      name: 'device_gemm_ratio',
      help: 'compute_ops_per_second over device_gemm_ops_per_second, waiting included: falls towards 0 when work stalls.',
    }),
  };
}

export function createWorkerRegistry(): Metrics {
  return createMetrics({ prefix: 'tops_worker_' });
}
