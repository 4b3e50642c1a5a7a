import type { Worker } from './api-model.ts';

/** A worker that spoke within this time counts as online: a receipt takes about 300 ms, so a minute of silence means gone. */
export const ONLINE_WITHIN_MS = 60_000;

export interface FleetSummary {
  readonly workerCount: number;
  readonly onlineCount: number;
  readonly quarantinedCount: number;
  readonly probationCount: number;
  readonly verifiedTops: number;
  readonly creditedOps: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
}

export function isOnline(worker: Worker, nowMs: number): boolean {
  return nowMs - worker.lastSeenAtMs <= ONLINE_WITHIN_MS;
}

/** Totals over the given workers; a figure that one of them lacks counts as zero. */
export function summariseFleet(workers: readonly Worker[], nowMs: number): FleetSummary {
  const sum = (pick: (worker: Worker) => number): number =>
    workers.reduce(
      (total, worker) => total + (Number.isFinite(pick(worker)) ? pick(worker) : 0),
      0,
    );
  const countIn = (state: string) => workers.filter((worker) => worker.state === state).length;
  let creditedOps = 0n;
  for (const worker of workers) {
    if (/^\d{1,40}$/.test(worker.creditedOps)) creditedOps += BigInt(worker.creditedOps);
  }
  return {
    workerCount: workers.length,
    onlineCount: workers.filter((worker) => isOnline(worker, nowMs)).length,
    quarantinedCount: countIn('quarantined'),
    probationCount: countIn('probation'),
    verifiedTops: sum((worker) => worker.verifiedTops),
    creditedOps: creditedOps.toString(),
    accepted: sum((worker) => worker.accepted),
    rejected: sum((worker) => worker.rejected),
    missed: sum((worker) => worker.missed),
  };
}

export const workerColumns = [
  'label',
  'state',
  'credited_ops',
  'verified_tops',
  'accepted',
  'rejected',
  'missed',
  'audit_rows',
  'last_seen_at',
] as const;
export type WorkerColumn = (typeof workerColumns)[number];

export interface WorkerOrder {
  readonly column: WorkerColumn;
  readonly descending: boolean;
}

/** Sorted copy; ties keep the order of did, so rows do not jump between two polls. */
export function sortWorkers(workers: readonly Worker[], order: WorkerOrder): Worker[] {
  const compare = comparers[order.column];
  const direction = order.descending ? -1 : 1;
  return [...workers].sort(
    (a, b) => direction * compare(a, b) || (a.did < b.did ? -1 : a.did > b.did ? 1 : 0),
  );
}

const byNumber =
  (pick: (worker: Worker) => number) =>
  (a: Worker, b: Worker): number => {
    const left = Number.isFinite(pick(a)) ? pick(a) : -1;
    const right = Number.isFinite(pick(b)) ? pick(b) : -1;
    return left - right;
  };
const byText =
  (pick: (worker: Worker) => string) =>
  (a: Worker, b: Worker): number =>
    pick(a) < pick(b) ? -1 : pick(a) > pick(b) ? 1 : 0;

const comparers: Record<WorkerColumn, (a: Worker, b: Worker) => number> = {
  label: byText((worker) => worker.label),
  state: byText((worker) => worker.state),
  // Decimal strings without leading zeros: the longer one is the larger.
  credited_ops: (a, b) =>
    a.creditedOps.length - b.creditedOps.length || byText((w) => w.creditedOps)(a, b),
  verified_tops: byNumber((worker) => worker.verifiedTops),
  accepted: byNumber((worker) => worker.accepted),
  rejected: byNumber((worker) => worker.rejected),
  missed: byNumber((worker) => worker.missed),
  audit_rows: byNumber((worker) => worker.auditRows),
  last_seen_at: byNumber((worker) => worker.lastSeenAtMs),
};

/** Workers whose did or label holds the text, whatever its case. */
export function filterWorkers(workers: readonly Worker[], search: string): Worker[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return [...workers];
  return workers.filter(
    (worker) =>
      worker.did.toLowerCase().includes(wanted) || worker.label.toLowerCase().includes(wanted),
  );
}
