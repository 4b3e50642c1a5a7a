import type { ConnectionPool } from './connection-pool.ts';
import { probeOperations, type LoadSample } from './load.ts';
import type { CpuTimes, VerifierProcess } from './verifier-process.ts';

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** One line of the table. Times in milliseconds. */
export interface PhaseResult {
  readonly name: string;
  readonly seconds: number;
  readonly offeredPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly shedPerSecond: number;
  readonly shedProofs: number;
  readonly acceptedCount: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly commitMs: Percentiles;
  readonly proofMs: Percentiles;
  readonly wholeMs: Percentiles;
  readonly healthMs: Percentiles;
  readonly metricsMs: Percentiles;
  /** Of the verifier, all threads and the time after the last receipt was due included. */
  readonly cpuSeconds: number;
  /** The event loop's share of it, and that of each other thread that did anything, largest first. */
  readonly loopCpuSeconds: number;
  readonly otherThreadsCpuSeconds: readonly number[];
  /** Of the load generator. */
  readonly loadCpuSeconds: number;
}

/** Runs one phase under the eyes of the probes, and reads the processor's clocks around it. */
export async function measurePhase(
  name: string,
  deps: { readonly verifier: VerifierProcess; readonly probePool: ConnectionPool },
  run: () => Promise<LoadSample>,
): Promise<PhaseResult> {
  const { verifier, probePool } = deps;
  const before = verifier.cpuTimes();
  const loadBefore = process.cpuUsage();
  const running = run();
  const [sample, probes] = await Promise.all([running, probeOperations(running, probePool)]);
  const load = process.cpuUsage(loadBefore);
  const { seconds } = sample;
  return {
    name,
    seconds,
    offeredPerSecond: sample.offeredCount / seconds,
    acceptedPerSecond: sample.acceptedInTimeCount / seconds,
    shedPerSecond: sample.shedCommitCount / seconds,
    shedProofs: sample.shedProofCount,
    acceptedCount: sample.acceptedCount,
    failures: Object.fromEntries(sample.failures),
    commitMs: percentiles(sample.commitMs),
    proofMs: percentiles(sample.proofMs),
    wholeMs: percentiles(sample.wholeMs),
    healthMs: percentiles(probes.healthMs),
    metricsMs: percentiles(probes.metricsMs),
    ...cpuBetween(before, verifier.cpuTimes(), verifier.pid),
    loadCpuSeconds: (load.user + load.system) / 1e6,
  };
}

function cpuBetween(before: CpuTimes, after: CpuTimes, loopThread: number) {
  const spent = [...after.byThread].map(
    ([id, seconds]) => [id, seconds - (before.byThread.get(id) ?? 0)] as const,
  );
  const others = spent.filter(([id, seconds]) => id !== loopThread && seconds >= 0.05);
  return {
    cpuSeconds: after.total - before.total,
    loopCpuSeconds: spent.find(([id]) => id === loopThread)?.[1] ?? 0,
    otherThreadsCpuSeconds: others.map(([, seconds]) => seconds).sort((a, b) => b - a),
  };
}

export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
