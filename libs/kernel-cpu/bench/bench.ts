// npx nx bench kernel-cpu            n = k = 1024, one thread and all of them, and some other widths
// npx nx bench kernel-cpu -- --large m = 2^20 alone: the memory run, half a minute or more
import { parseArgs } from 'node:util';
import {
  benchCpuKernel,
  describeBenchMachine,
  type CpuBenchResult,
  type CpuBenchSample,
} from '../src/index.ts';

const { values } = parseArgs({
  options: {
    large: { type: 'boolean', default: false },
    attempts: { type: 'string', default: '5' },
  },
});

/** What a worker or verifier may take at these widths, whatever m is. */
const rssBoundBytes = 512 * 2 ** 20;

function median(samples: readonly CpuBenchSample[], of: (sample: CpuBenchSample) => number) {
  const sorted = samples.map(of).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const columns = [
  'm×n×k'.padEnd(18),
  'threads',
  'seconds',
  'GOP/s',
  'per core',
  'best',
  'gemm',
  'limit',
  '% of limit',
  'streams/gemm/hashing %',
  'peak RSS MiB',
];

function line({ shape, threadCount, samples, share, peakRssBytes }: CpuBenchResult): string {
  const perCore = (sample: CpuBenchSample): number => sample.gopsPerCpuSecond;
  const percent = (fraction: number): string => (fraction * 100).toFixed(1);
  const cells = [
    `${shape.m}×${shape.n}×${shape.k}`,
    String(threadCount),
    median(samples, (sample) => sample.wallSeconds).toFixed(2),
    median(samples, (sample) => sample.gopsPerWallSecond).toFixed(1),
    median(samples, perCore).toFixed(1),
    Math.max(...samples.map(perCore)).toFixed(1),
    (median(samples, perCore) / share.gemm).toFixed(1),
    median(samples, (sample) => sample.limitGopsPerCpuSecond).toFixed(1),
    percent(median(samples, (sample) => sample.gopsPerCpuSecond / sample.limitGopsPerCpuSecond)),
    `${percent(share.streams)}/${percent(share.gemm)}/${percent(share.hashing)}`,
    (peakRssBytes / 2 ** 20).toFixed(0),
  ];
  return cells.map((cell, i) => cell.padStart(columns[i]?.length ?? 0)).join('  ');
}

const machine = describeBenchMachine(import.meta.dirname);
const allThreads = machine.cores;
const square = (m: number, size: number) => ({ m, n: size, k: size });
const runs = values.large
  ? [{ shape: square(2 ** 20, 1024), threadCount: allThreads, attemptCount: 1 }]
  : [
      { shape: square(16_384, 1024), threadCount: 1 },
      { shape: square(16_384, 1024), threadCount: allThreads },
      { shape: square(32_768, 512), threadCount: 1 },
      { shape: square(4096, 2048), threadCount: 1 },
    ];

console.log(
  `${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}, commit ${machine.commit ?? 'unknown'}`,
);
console.log(
  'Medians of whole attempts; "GOP/s" is by the wall clock. "per core", "best" and "gemm" are for a second of processor',
);
console.log(
  'time, "limit" is what register-only multiply-adds reach on one core at the same moment.\n',
);
console.log(columns.join('  '));
let peakRssBytes = 0;
for (const run of runs) {
  const attemptCount = Number(values.attempts);
  const result = await benchCpuKernel({ attemptCount, ...run });
  peakRssBytes = Math.max(peakRssBytes, result.peakRssBytes);
  console.log(line(result));
}
// Rows stream in chunks, so memory must not follow m. Unlike speed this does not depend on who else uses the machine.
if (peakRssBytes > rssBoundBytes) {
  console.error(`expected at most ${rssBoundBytes} bytes of resident memory, got ${peakRssBytes}`);
  process.exitCode = 1;
}
