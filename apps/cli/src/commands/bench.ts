import { randomBytes } from 'node:crypto';
import { availableParallelism, cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { createCpuKernel } from '@tops/kernel-cpu';
import type { Kernel } from '@tops/kernel-spec';
import { shapeOps, type Shape } from '@tops/protocol';
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
}

/** Measures whole attempts (streams, both layers, hashing, tree) on the CPU kernel, as a worker would run them. */
export async function bench(options: BenchOptions, io: CliIo): Promise<number> {
  const kernel = await createCpuKernel(
    options.threads === undefined ? {} : { threadCount: options.threads },
  );
  try {
    const machine = {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      node: process.version,
      driver_hint: kernel.driverHint,
      threads: kernel.threadCount,
    };
    const results: Measurement[] = [];
    for (const shape of await chooseShapes(kernel, options.sizes))
      results.push(await measure(kernel, shape, { ...options, threads: kernel.threadCount }));
    if (options.json === true) printJson(io, { ...machine, repeats: options.repeats, results });
    else printResults(io, machine, results);
    return exitCode.ok;
  } finally {
    await kernel.close();
  }
}

async function chooseShapes(kernel: Kernel, sizes: Shape | undefined): Promise<Shape[]> {
  if (sizes !== undefined) return [sizes];
  const shapes: Shape[] = [];
  for (const width of SQUARE_WIDTHS) {
    const probe = { m: PROBE_ROWS, n: width, k: width };
    // The first attempt of a width also makes its weights and warms the code up.
    await commitSeconds(kernel, probe);
    const rows = (PROBE_ROWS * ATTEMPT_SECONDS) / (await commitSeconds(kernel, probe));
    const m = Math.min(ROWS_MAX, Math.max(PROBE_ROWS, Math.round(rows / 64) * 64));
    shapes.push({ ...probe, m });
  }
  return shapes;
}

async function measure(
  kernel: Kernel,
  shape: Shape,
  options: { readonly repeats: number; readonly threads: number },
): Promise<Measurement> {
  await commitSeconds(kernel, { ...shape, m: Math.min(shape.m, PROBE_ROWS) });
  const seconds: number[] = [];
  for (let i = 0; i < options.repeats; i++) seconds.push(await commitSeconds(kernel, shape));
  seconds.sort((a, b) => a - b);
  const rate = (value: number): number => Number(shapeOps(shape)) / value / 1e9;
  const median = seconds[Math.floor(seconds.length / 2)] ?? Number.NaN;
  const { m, n, k } = shape;
  return {
    sizes: { m, n, k },
    seconds: round(median, 4),
    gops: round(rate(median), 2),
    gops_min: round(rate(seconds.at(-1) ?? Number.NaN), 2),
    gops_max: round(rate(seconds[0] ?? Number.NaN), 2),
    gops_per_thread: round(rate(median) / options.threads, 2),
  };
}

async function commitSeconds(kernel: Kernel, shape: Shape): Promise<number> {
  const attemptKey = Uint8Array.from(randomBytes(32));
  const start = performance.now();
  await kernel.commit({ attemptKey, shape });
  return (performance.now() - start) / 1000;
}

function printResults(
  io: CliIo,
  machine: Readonly<Record<string, string | number>>,
  results: readonly Measurement[],
): void {
  printLine(io, renderTable(Object.entries(machine).map(([name, value]) => [name, String(value)])));
  const header = ['m', 'n', 'k', 'seconds', 'GOP/s', 'slowest', 'fastest', 'GOP/s per thread'];
  const rows = results.map(({ sizes, ...figures }) => [
    ...[sizes.m, sizes.n, sizes.k].map(String),
    figures.seconds.toFixed(3),
    figures.gops.toFixed(1),
    figures.gops_min.toFixed(1),
    figures.gops_max.toFixed(1),
    figures.gops_per_thread.toFixed(1),
  ]);
  const right = header.map((_, index) => index);
  printLine(io, `\n${renderTable([header, ...rows], { right })}`);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
