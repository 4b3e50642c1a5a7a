import type { BenchMachine } from '@tops/kernel-cpu';
import type { Percentiles, PhaseResult } from './phase.ts';
import type { BenchResult } from './run.ts';
import type { VerifyCost } from './verify-cost.ts';

const columns = [
  ...['phase'.padEnd(20), 'offered/s', 'accepted/s', 'shed/s', 'commit p50/p99', 'proof p50/p99'],
  ...['whole p50/p99', '/health', '/metrics', 'cpu s', 'loop s', 'others s', 'load s'],
];

/** The table of one run. */
export function printRun(machine: BenchMachine, result: BenchResult): void {
  const { cores, shape, kernelMsPerReceipt, signatureMs } = result;
  printMachine(machine);
  console.log(
    cores === undefined
      ? 'load generator and verifier share all cores: one core only, or no taskset'
      : `load generator on core ${cores.load}, verifier on core ${cores.verifier}`,
  );
  console.log(
    `m = ${shape.m}, n = ${shape.n}, k = ${shape.k}, ${result.auditRows} rows a challenge, a key a receipt, ${result.kernel}`,
  );
  console.log(
    'Times in ms, p50/p99; processor seconds of the verifier, its loop, its other threads.\n',
  );
  printLine(columns);
  for (const phase of result.phases) printLine(cellsOf(phase));
  const { receiptMs, kept } = summaryOf(result);
  const share = ((kernelMsPerReceipt / receiptMs) * 100).toFixed(0);
  console.log(
    `\nprocessor time a receipt: ${receiptMs.toFixed(3)} ms = ${(receiptMs / signatureMs).toFixed(1)} × one signature (${signatureMs.toFixed(3)} ms); the kernel's ${kernelMsPerReceipt.toFixed(3)} ms are ${share} %`,
  );
  console.log(`kept of the best rate under twice the load: ${(kept * 100).toFixed(0)} %`);
  console.log(
    `accepted: ${result.clientAcceptedCount} by the client, ${result.ledgerAcceptedCount} in the ledger`,
  );
  for (const fault of result.faults) console.error(`FAULT: ${fault}`);
}

/** Processor time of one receipt (the better of sustained and overloaded), and what twice the load leaves of the best rate. */
function summaryOf({ phases }: BenchResult): { receiptMs: number; kept: number } {
  const [probe, sustained, overload] = phases;
  if (probe === undefined || sustained === undefined || overload === undefined) {
    throw new TypeError(
      `expected a probe, a sustained phase and an overload, got ${phases.length}`,
    );
  }
  const receiptMs = Math.min(
    ...[sustained, overload].map((phase) => (phase.cpuSeconds / phase.acceptedCount) * 1000),
  );
  const best = Math.max(probe.acceptedPerSecond, sustained.acceptedPerSecond);
  return { receiptMs, kept: overload.acceptedPerSecond / best };
}

/** As `npx nx compare-bench tools` reads it: ratios compare everywhere, figures on one kind of machine. */
export function runReport(result: BenchResult) {
  const { receiptMs, kept } = summaryOf(result);
  const [, sustained] = result.phases;
  return {
    ratios: {
      'kept of the best rate under twice the load': { value: kept, goal: 0.9 },
      'one signature / one receipt, cpu': { value: result.signatureMs / receiptMs },
    },
    figures: {
      'sustained receipts a second': { wall: sustained?.acceptedPerSecond },
      'receipts for a second of processor time': { cpu: 1000 / receiptMs },
    },
    ...result,
  };
}

/** The same of the verification alone. */
export function costReport(cost: VerifyCost) {
  const { computeCpuMs, verifyCpuMs, queuedCpuMs, m } = cost.ratio;
  const [first, last] = [cost.points[0], cost.points.at(-1)];
  return {
    ratios: {
      [`compute / verify, m = ${m}`]: { value: computeCpuMs / verifyCpuMs, goal: 500 },
      [`compute / verify in a queue, m = ${m}`]: { value: computeCpuMs / queuedCpuMs, goal: 500 },
      'verify at m = 2^10 / at 2^20': { value: (first?.cpuMs ?? 0) / (last?.cpuMs ?? 0) },
    },
    figures: { [`verifications a second, m = ${m}`]: { cpu: 1000 / verifyCpuMs } },
    ...cost,
  };
}

function cellsOf(phase: PhaseResult): string[] {
  return [
    phase.name.padEnd(20),
    phase.offeredPerSecond.toFixed(0),
    phase.acceptedPerSecond.toFixed(0),
    phase.shedPerSecond.toFixed(0),
    pair(phase.commitMs),
    pair(phase.proofMs),
    pair(phase.wholeMs),
    pair(phase.healthMs),
    pair(phase.metricsMs),
    phase.cpuSeconds.toFixed(2),
    phase.loopCpuSeconds.toFixed(2),
    phase.otherThreadsCpuSeconds
      .slice(0, 3)
      .map((seconds) => seconds.toFixed(1))
      .join('+'),
    phase.loadCpuSeconds.toFixed(2),
  ];
}

function pair({ p50, p99 }: Percentiles): string {
  return `${p50.toFixed(1)}/${p99.toFixed(1)}`;
}

function printLine(cells: readonly string[]): void {
  console.log(cells.map((cell, i) => cell.padStart(columns[i]?.length ?? 0)).join('  '));
}

/** The machine's line, before any table. */
export function printMachine({ cpu, cores, node, commit }: BenchMachine): void {
  console.log(`\n${cpu}, ${cores} cores, Node.js ${node}, commit ${commit ?? 'unknown'}`);
}

/** Verification against m, and against computing. */
export function printCost(machine: BenchMachine, cost: VerifyCost): void {
  printMachine(machine);
  console.log(
    `${cost.kernel}, one thread, n = k = 1024, 16 rows. Milliseconds of one receipt, medians.\n`,
  );
  printLine2(['m', 'signature', 'fold', 'rows', 'whole', 'cpu']);
  for (const point of cost.points) {
    printLine2([
      String(point.m),
      point.signatureMs.toFixed(3),
      point.foldMs.toFixed(3),
      point.rowsMs.toFixed(3),
      point.wholeMs.toFixed(3),
      point.cpuMs.toFixed(3),
    ]);
  }
  const { computeCpuMs, verifyCpuMs, queuedCpuMs, m } = cost.ratio;
  const shareOf = (cpuMs: number): string =>
    `${cpuMs.toFixed(3)} ms, 1/${(computeCpuMs / cpuMs).toFixed(0)}`;
  console.log(
    `\nm = ${m}, by processor time: computed in ${computeCpuMs.toFixed(0)} ms; verified alone in ${shareOf(verifyCpuMs)}, in a queue in ${shareOf(queuedCpuMs)}`,
  );
}

function printLine2(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(10)).join(''));
}
