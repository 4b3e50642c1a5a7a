import { kernelFallbackReasons } from '@tops/kernel-cpu';
import type { Metrics } from '@tops/observability';
import { errorCodes, type ErrorCode } from '@tops/protocol';

/** Statuses of the surface; whatever else might appear counts as `other`. */
const statuses = [
  ...[
    '200',
    '201',
    '400',
    '401',
    '403',
    '404',
    '405',
    '408',
    '409',
    '410',
    '413',
    '415',
    '422',
    '429',
  ],
  ...['431', '500', '503', 'other'],
] as const;

/** The paths of the surface; a spec keeps them equal to /openapi.json. Whatever else is asked for counts as `other`. */
export const routes = [
  ...['/v1/epoch', '/v1/receipts', '/v1/receipts/{receipt_id}', '/v1/receipts/{receipt_id}/proof'],
  ...['/v1/receipts/{receipt_id}/evidence', '/v1/receipts/{receipt_id}/inclusion'],
  ...['/v1/workers', '/v1/workers/{did}', '/v1/epochs'],
  ...['/v1/epochs/{epoch_id}', '/v1/epochs/{epoch_id}/receipts', '/v1/epochs/{epoch_id}/credits'],
  ...['/v1/epochs/{epoch_id}/credits.csv', '/v1/epochs/{epoch_id}/credits.json', '/verify'],
  ...['/openapi.json', '/health', '/ready', '/metrics', '/', 'other'],
] as const;

export type RouteLabel = (typeof routes)[number];
export type VerifierMetrics = ReturnType<typeof createVerifierMetrics>;

/**
 * Every metric of the verifier, registered once. Label sets are closed: never a key, an address or an id.
 *
 * @param metrics - made with the prefix `tops_verifier_`.
 */
export function createVerifierMetrics(metrics: Metrics) {
  return {
    ...createReceiptMetrics(metrics),
    ...createEpochMetrics(metrics),
    errors: metrics.counter({
      name: 'errors_total',
      help: 'Faults of the verifier itself, or of a connection, by kind.',
      labels: { kind: ['ledger', 'kernel', 'connection', 'internal'] },
    }),
    kernelFallbacks: metrics.counter({
      name: 'kernel_fallbacks_total',
      help: 'Times the native CPU kernel was wanted and WebAssembly took its place, by reason.',
      labels: { reason: kernelFallbackReasons },
    }),
    adminAuthFailures: metrics.counter({
      name: 'admin_auth_failures_total',
      help: 'Requests to the admin API without its token, by what they brought instead.',
      labels: { reason: ['missing', 'wrong', 'limited'] },
    }),
    adminActs: metrics.counter({
      name: 'admin_acts_total',
      help: 'Acts of operators recorded through this verifier, by act.',
      labels: { act: ['allow', 'disallow', 'quarantine', 'release'] },
    }),
    problems: metrics.counter({
      name: 'problems_total',
      help: 'Requests answered with a problem document, by code (docs/errors.md).',
      labels: { code: Object.keys(errorCodes) as ErrorCode[] },
    }),
    requests: metrics.counter({
      name: 'http_requests_total',
      help: 'Requests answered, by status.',
      labels: { status: statuses },
    }),
    requestSeconds: metrics.histogram({
      name: 'http_request_seconds',
      help: 'Time from the headers of a request to the end of its answer, by route.',
      // Reading is below 5 ms, a proof is about the recomputation, 10 s is the deadline of a challenge.
      buckets: [0.005, 0.05, 0.5, 10],
      labels: { route: routes },
    }),
  };
}

function createReceiptMetrics(metrics: Metrics) {
  return {
    receipts: metrics.counter({
      name: 'receipts_total',
      help: 'Receipts by where they ended; refused ones were never recorded.',
      labels: { outcome: ['accepted', 'rejected', 'missed', 'refused'] },
    }),
    verifySeconds: metrics.histogram({
      name: 'verify_seconds',
      help: 'Time to recompute and judge the rows of one proof that folded.',
      // From one row at n = k = 64 to 64 rows at the largest weights.
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    challengeRows: metrics.histogram({
      name: 'challenge_rows',
      help: 'Rows drawn per challenge.',
      buckets: [1, 8, 16, 32, 64, 128],
    }),
    creditedOps: metrics.counter({
      name: 'credited_ops_total',
      help: 'Nominal ops credited by accepted proofs; revocations are not taken off.',
    }),
    kernelDisagreements: metrics.counter({
      name: 'kernel_disagreements_total',
      help: 'Rows where the fast kernel contradicted the reference kernel: a defect of this machine or build.',
    }),
    verificationsInFlight: metrics.gauge({
      name: 'verifications_in_flight',
      help: 'Proofs being recomputed or waiting for it.',
    }),
    evidenceKept: metrics.gauge({
      name: 'evidence_kept',
      help: 'Rejected receipts whose proof is kept, when last counted.',
    }),
    evidenceKeptBytes: metrics.gauge({
      name: 'evidence_kept_bytes',
      help: 'Bytes of kept proofs, when last counted; EVIDENCE_MAX_MB bounds it.',
    }),
    evidenceDeleted: metrics.counter({
      name: 'evidence_deleted_total',
      help: 'Proofs of rejected receipts that this verifier deleted, by age or to make room.',
    }),
    openChallenges: metrics.gauge({
      name: 'open_challenges',
      help: 'Challenges whose answer is outstanding.',
    }),
  };
}

function createEpochMetrics(metrics: Metrics) {
  return {
    headAnchors: metrics.counter({
      name: 'head_anchors_total',
      help: 'Heads of sealed epochs put outside, by where (HEAD_ANCHOR_FILE, HEAD_ANCHOR_URL).',
      labels: { target: ['file', 'url'] },
    }),
    headAnchorFailures: metrics.counter({
      name: 'head_anchor_failures_total',
      help: 'Heads that could not be put outside: a file is tried again, an address after a few attempts is not.',
      labels: { target: ['file', 'url'] },
    }),
    rolledReceipts: metrics.counter({
      name: 'rolled_receipts_total',
      help: 'Receipts deleted from the ledger after their epoch was archived (RETENTION_DAYS).',
    }),
    retentionFailures: metrics.counter({
      name: 'retention_failures_total',
      help: 'Rounds of archiving and deleting old receipts that failed; the log says why, and nothing unarchived was deleted.',
    }),
    epoch: metrics.gauge({ name: 'epoch', help: 'Id of the epoch that is open.' }),
    epochClock: metrics.gauge({
      name: 'epoch_clock_timestamp_seconds',
      help: 'What the clock that decides over epochs showed after its last round, one of which ends every second; ledger trouble leaves it behind.',
    }),
    unsealedEpochs: metrics.gauge({
      name: 'unsealed_epochs',
      help: 'Epochs opened and not sealed yet; two are ordinary, a growing count is not.',
    }),
  };
}
