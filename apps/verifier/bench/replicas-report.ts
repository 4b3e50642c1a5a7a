import type { BenchMachine } from '@tops/kernel-cpu';
import type { ReadBenchResult } from './reads.ts';
import { printMachine } from './report.ts';
import { replicaBenchShape, type ReplicaBenchResult } from './replicas.ts';

/** Longest that a page may take at a million receipts. */
const READ_GOAL_MS = 100;

/** The table of one run, in the form of docs/benchmarks.md. */
export function printReplicas(machine: BenchMachine, result: ReplicaBenchResult): void {
  const { shape, auditRows, clients } = replicaBenchShape;
  printMachine(machine);
  console.log(
    `${result.postgres}; ${clients} clients, m = ${shape.m}, n = ${shape.n}, k = ${shape.k}, ${auditRows} rows a challenge, ${result.kernel}`,
  );
  console.log(
    `${result.roundCount} rounds of ${result.seconds} s each in turn, all processes share all cores. Medians; times in ms, p50/p99.\n`,
  );
  console.log(
    '| ledger                  | receipts/s |       rounds | whole p50/p99 | verifiers cpu s |',
  );
  console.log(
    '| ----------------------- | ---------: | -----------: | ------------: | --------------: |',
  );
  for (const setup of result.setups) {
    const rates = setup.samples.map((rate) => rate.toFixed(0));
    const { p50, p99 } = setup.wholeMs;
    const cells = [
      setup.name.padEnd(23),
      setup.acceptedPerSecond.toFixed(0).padStart(10),
      rates.join(' ').padStart(12),
      `${p50.toFixed(0)} / ${p99.toFixed(0)}`.padStart(13),
      setup.verifierCpuSeconds.toFixed(1).padStart(15),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log('');
  for (const [name, ratio] of Object.entries(result.ratios)) {
    console.log(`${name}: ${ratio.toFixed(2)}`);
  }
  console.log(
    `accepted: ${result.clientAcceptedCount} by the client, ${result.ledgerAcceptedCount} in the ledgers`,
  );
  for (const fault of result.faults) console.error(`FAULT: ${fault}`);
}

/** As `npx nx compare-bench tools` reads it. */
export function replicasReport(result: ReplicaBenchResult) {
  const { ratios, ...rest } = result;
  return {
    ratios: Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, { value }])),
    figures: Object.fromEntries(
      result.setups.map(({ name, acceptedPerSecond }) => [
        `receipts a second, ${name}`,
        { wall: acceptedPerSecond },
      ]),
    ),
    ...replicaBenchShape,
    ...rest,
  };
}

/** The table of one run of reads. */
export function printReads(machine: BenchMachine, result: ReadBenchResult): void {
  const { receiptCount, keyCount, epochCount } = result.size;
  printMachine(machine);
  console.log(
    `${result.postgres}; ${receiptCount} receipts of ${keyCount} keys in ${epochCount} epochs, ${result.repeats} times each.\n`,
  );
  console.log('| page                           | ledger     |    bytes | p50 ms | max ms |');
  console.log('| ------------------------------ | ---------- | -------: | -----: | -----: |');
  for (const { page, ledger, bytes, p50Ms, maxMs } of result.reads) {
    const cells = [
      page.padEnd(30),
      ledger.padEnd(10),
      String(bytes).padStart(8),
      p50Ms.toFixed(1).padStart(6),
      maxMs.toFixed(1).padStart(6),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const slowest = Math.max(...result.reads.map(({ maxMs }) => maxMs));
  console.log(`\nslowest: ${slowest.toFixed(1)} ms (goal: ${READ_GOAL_MS})`);
}

/** The same for compare-bench; a ratio of 1 or more is within the goal. */
export function readsReport(result: ReadBenchResult) {
  const named = result.reads.map((read) => [`${read.page}, ${read.ledger}`, read] as const);
  return {
    ratios: Object.fromEntries(
      named.map(([name, { maxMs }]) => [
        `${READ_GOAL_MS} ms / slowest, ${name}`,
        { value: READ_GOAL_MS / maxMs, goal: 1 },
      ]),
    ),
    figures: Object.fromEntries(
      named.map(([name, { p50Ms }]) => [`pages a second, ${name}`, { wall: 1000 / p50Ms }]),
    ),
    ...result,
  };
}
