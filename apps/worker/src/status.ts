import type { Shape } from '@tops/protocol';
import type { CircuitStateName } from './circuit.ts';
import type { LastError } from './recorder.ts';

/** What the worker is doing, in one word. */
export type Phase = 'starting' | 'tuning' | 'working' | 'waiting' | 'stopping';

/** Everything GET /status says. Public: no key material, and the address without anything but scheme, host and path. */
export interface WorkerStatus {
  readonly service: 'worker';
  readonly phase: Phase;
  readonly did: string;
  readonly device_did: string;
  readonly driver_hint: string;
  readonly kernel_ver: string;
  readonly aggregator_url: string;
  readonly started_at: number;
  readonly epoch_id: number | null;
  readonly sizes: Shape | null;
  readonly attempts: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  readonly lost: number;
  readonly skipped: number;
  readonly in_flight: number;
  readonly consecutive_failures: number;
  /** Decimal digits, as everywhere; what this process was credited. */
  readonly credited_ops: string;
  readonly gops: number;
  /** 10^9 nominal ops per second of GPU time, of the last attempt; null while the CPU computes. */
  readonly device_gops: number | null;
  /** gops over the best rate of the layers alone that was seen on the GPU; null where that is unknown. */
  readonly gemm_share: number | null;
  readonly verified_tops: number | null;
  readonly circuit: CircuitStateName;
  readonly last_error: {
    readonly code: string;
    readonly detail: string;
    readonly at: number;
  } | null;
}

export function lastErrorStatus(error: LastError | undefined): WorkerStatus['last_error'] {
  if (error === undefined) return null;
  return { code: error.code, detail: error.detail.slice(0, 256), at: error.atMs };
}

/** The figures of the `status` log record: what the line shows, under names of their own. */
export function statusFields(status: WorkerStatus): Record<string, unknown> {
  const { phase, epoch_id, attempts, accepted, rejected, missed, lost, skipped } = status;
  const { in_flight, gops, device_gops, gemm_share, verified_tops, credited_ops, circuit, sizes } =
    status;
  const { m = 0, n = 0, k = 0 } = sizes ?? {};
  return {
    phase,
    epochId: epoch_id,
    attempts,
    accepted,
    rejected,
    missed,
    lost,
    skipped,
    inFlight: in_flight,
    gops,
    deviceGops: device_gops,
    gemmShare: gemm_share,
    verifiedTops: verified_tops,
    creditedOps: credited_ops,
    circuit,
    shape: `${m},${n},${k}`,
  };
}

/** The one-line status, ASCII only so that its length is its width. */
export function statusText(status: WorkerStatus): string {
  const { attempts, accepted, rejected, missed, gops, verified_tops: verified, sizes } = status;
  const parts = [
    phaseText(status),
    `attempts ${attempts}`,
    `accepted ${accepted}`,
    ...(rejected > 0 ? [`REJECTED ${rejected}`] : []),
    ...(missed > 0 ? [`missed ${missed}`] : []),
    `${gops.toFixed(1)} GOP/s${shareText(status)}`,
    `verified ${verified === null ? '-' : verified.toPrecision(3)} TOPS`,
    ...(status.epoch_id === null ? [] : [`epoch ${status.epoch_id}`]),
    ...(sizes === null ? [] : [`${sizes.m}x${sizes.n}x${sizes.k}`]),
  ];
  return parts.join(' | ');
}

function shareText({ gemm_share: share }: WorkerStatus): string {
  return share === null ? '' : ` (${Math.round(share * 100)}% of GEMM)`;
}

function phaseText(status: WorkerStatus): string {
  if (status.phase !== 'waiting') return status.phase;
  return status.circuit === 'closed' ? 'waiting' : 'waiting for the verifier';
}
