import {
  benchCpuKernel,
  describeBenchMachine,
  type CpuBenchResult,
  type CpuBenchSample,
} from '@tops/kernel-cpu';
import type { Shape } from '@tops/protocol';
import { cpuKernelChoice } from '../backend.ts';
import { exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';
import { renderTable } from '../text-table.ts';

export interface BenchOptions {
  /** The exact shape to measure; absent, n = k = 512, 1024 and 2048 with m scaled to the machine. */
  readonly sizes?: Shape;
  /** One for each core when absent. */
  readonly threads?: number;
  /** Attempts per shape; the median counts. */
  readonly repeats: number;
  readonly json?: boolean;
}

const SQUARE_WIDTHS = [512, 1024, 2048];
const PROBE_ROWS = 1024;
const ATTEMPT_SECONDS = 0.5;
const ROWS_MAX = 2 ** 20;

interface Measurement {
  readonly sizes: Shape;
  readonly seconds: number;
  readonly gops: number;
  readonly gops_min: number;
  readonly gops_max: number;
  readonly gops_per_thread: number;
  /** Of what register-only multiply-adds reach on a core at the same moment: compares across machines. */
  readonly limit_share: number;
}

/** Measures whole attempts (streams, both layers, hashing, tree) on the CPU kernel, as a worker would run them. */
export async function bench(options: BenchOptions, io: CliIo): Promise<number> {
  const { sizes, threads, repeats } = options;
  const benchShape = (shape: Shape, attemptCount: number): Promise<CpuBenchResult> =>
    benchCpuKernel({
      shape,
      attemptCount,
      choice: cpuKernelChoice(io.env),
      ...(threads !== undefined && { threadCount: threads }),
    });
  const results: CpuBenchResult[] = [];
  for (const width of sizes === undefined ? SQUARE_WIDTHS : [sizes]) {
    const shape = typeof width === 'number' ? await scaleToMachine(width, benchShape) : width;
    results.push(await benchShape(shape, repeats));
  }
  const [first] = results;
  const machine = {
    ...describeBenchMachine(import.meta.dirname),
    driver_hint: first?.driverHint ?? 'unknown',
    threads: first?.threadCount ?? 0,
  };
  const figures = results.map(summarise);
  if (options.json === true) printJson(io, { ...machine, repeats, results: figures });
  else printResults(io, machine, figures);
  return exitCode.ok;
}

/** As many rows as take about half a second here. */
async function scaleToMachine(
  width: number,
  benchShape: (shape: Shape, attemptCount: number) => Promise<CpuBenchResult>,
): Promise<Shape> {
  const probe = { m: PROBE_ROWS, n: width, k: width };
  const { samples } = await benchShape(probe, 1);
  const rows = (PROBE_ROWS * ATTEMPT_SECONDS) / (samples[0]?.wallSeconds ?? ATTEMPT_SECONDS);
  return { ...probe, m: Math.min(ROWS_MAX, Math.max(PROBE_ROWS, Math.round(rows / 64) * 64)) };
}

function summarise({ shape, threadCount, samples }: CpuBenchResult): Measurement {
  const sorted = (of: (sample: CpuBenchSample) => number): number[] =>
    samples.map(of).sort((a, b) => a - b);
  const gops = sorted((sample) => sample.gopsPerWallSecond);
  const { m, n, k } = shape;
  return {
    sizes: { m, n, k },
    seconds: round(median(sorted((sample) => sample.wallSeconds)), 4),
    gops: round(median(gops), 2),
    gops_min: round(gops[0] ?? Number.NaN, 2),
    gops_max: round(gops.at(-1) ?? Number.NaN, 2),
    gops_per_thread: round(median(gops) / threadCount, 2),
    limit_share: round(
      median(sorted((sample) => sample.gopsPerCpuSecond / sample.limitGopsPerCpuSecond)),
      3,
    ),
  };
}

function median(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function printResults(
  io: CliIo,
  machine: Readonly<Record<string, string | number>>,
  results: readonly Measurement[],
): void {
  printLine(io, renderTable(Object.entries(machine).map(([name, value]) => [name, String(value)])));
  const header = [
    'm',
    'n',
    'k',
    'seconds',
    'GOP/s',
    'slowest',
    'fastest',
    'GOP/s per thread',
    '% of limit',
  ];
  const rows = results.map(({ sizes, ...figures }) => [
    ...[sizes.m, sizes.n, sizes.k].map(String),
    figures.seconds.toFixed(3),
    figures.gops.toFixed(1),
    figures.gops_min.toFixed(1),
    figures.gops_max.toFixed(1),
    figures.gops_per_thread.toFixed(1),
    (figures.limit_share * 100).toFixed(1),
  ]);
  const right = header.map((_, index) => index);
  printLine(io, `\n${renderTable([header, ...rows], { right })}`);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
