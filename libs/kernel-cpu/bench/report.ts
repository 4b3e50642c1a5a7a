import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BenchMachine } from '../src/index.ts';
import { median, type Sample } from './subject.ts';

/** A figure in GOP/s, medians of the rounds; `tops compare-bench` (tools/src/compare-bench.mjs) reads these files. */
export interface Figure {
  readonly wall: number;
  readonly cpu: number;
  /** The fastest round: other work on the machine only ever adds time, so this is nearest to what the kernel itself takes. */
  readonly best: { readonly wall: number; readonly cpu: number };
  readonly samples: readonly Sample[];
}

/** One thing divided by another within the same rounds: the only numbers that compare across machines. */
export interface Ratio {
  readonly value: number;
  /** What is aimed at; absent for what is only watched. */
  readonly goal?: number;
  /** By the wall clock or by processor time. */
  readonly by: 'wall' | 'cpu';
  readonly samples: readonly number[];
}

export interface BenchReport {
  readonly schema: 1;
  readonly bench: 'kernel-cpu';
  readonly takenAt: string;
  readonly machine: BenchMachine;
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: Record<string, Figure>;
  readonly ratios: Record<string, Ratio>;
}

export function addFigure(report: BenchReport, name: string, samples: readonly Sample[]): void {
  const walls = samples.map((sample) => sample.gopsPerWallSecond);
  const cpus = samples.map((sample) => sample.gopsPerCpuSecond);
  report.figures[name] = {
    wall: round(median(walls)),
    cpu: round(median(cpus)),
    best: { wall: round(Math.max(...walls)), cpu: round(Math.max(...cpus)) },
    samples: samples.map(({ gopsPerWallSecond, gopsPerCpuSecond }) => ({
      gopsPerWallSecond: round(gopsPerWallSecond),
      gopsPerCpuSecond: round(gopsPerCpuSecond),
    })),
  };
}

/** The median of the rounds' own ratios: both sides of each met the same moment of the machine. */
export function addRatio(
  report: BenchReport,
  name: string,
  sides: {
    readonly of: readonly Sample[] | undefined;
    readonly over: readonly Sample[] | undefined;
    readonly by: 'wall' | 'cpu';
    readonly goal?: number;
  },
): void {
  const { of, over, by, goal } = sides;
  if (!of || !over) return;
  const key = by === 'wall' ? 'gopsPerWallSecond' : 'gopsPerCpuSecond';
  const samples = of.map((sample, i) => sample[key] / (over[i]?.[key] ?? Number.NaN));
  addRatioSamples(report, name, samples, { by, ...(goal !== undefined && { goal }) });
}

export function addRatioSamples(
  report: BenchReport,
  name: string,
  samples: readonly number[],
  kind: { readonly by: 'wall' | 'cpu'; readonly goal?: number },
): void {
  const rounded = samples.map((value) => round(value));
  report.ratios[name] = { value: round(median(samples)), ...kind, samples: rounded };
}

/** Three significant digits and one to spare. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function printReport(report: BenchReport): void {
  const { machine, versions } = report;
  const told = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  console.log(
    `${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}, commit ${machine.commit ?? 'unknown'}, ${told.join(', ')}`,
  );
  console.log(
    'Medians over interleaved rounds and the best round, GOP/s by the wall clock and by processor time.\n',
  );
  printTable(
    ['figure', 'wall', 'best', 'cpu', 'best'],
    Object.entries(report.figures).map(([name, { wall, cpu, best }]) => [
      name,
      ...[wall, best.wall, cpu, best.cpu].map((each) => each.toFixed(1)),
    ]),
  );
  console.log('');
  printTable(
    ['ratio', 'median', 'lowest', 'highest', 'by', 'goal'],
    Object.entries(report.ratios).map(([name, { value, by, goal, samples }]) => [
      name,
      ...[value, Math.min(...samples), Math.max(...samples)].map((each) => each.toFixed(3)),
      by,
      goal === undefined ? '' : `${goal} ${value >= goal ? 'met' : 'NOT MET'}`,
    ]),
  );
}

function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of lines) {
    console.log(
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    );
  }
}

export function writeReport(report: BenchReport, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(`\nwritten to ${path}`);
}
