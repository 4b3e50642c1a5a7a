import { arch, cpus, platform, release, totalmem } from 'node:os';
import process from 'node:process';
import { KERNEL_VERSION, type Shape } from '@tops/protocol';
import type { AdapterDescription } from '../src/device/adapter.ts';
import type { WebGpuBenchResult, WebGpuBenchRow } from '../src/webgpu-bench.ts';

/** What a figure depends on beside the code. */
export interface BenchReport {
  readonly measured_at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly adapter: Omit<AdapterDescription, 'driver'>;
  readonly driver: string;
  readonly versions: Readonly<Record<'node' | 'dawn' | 'kernel', string>>;
  /** With `-dirty` where the checkout had changes; `unknown` where there was none. */
  readonly commit: string;
  readonly rows: readonly BenchReportRow[];
  readonly missing: WebGpuBenchResult['missing'];
  /** Every variant the trial compared, dropped ones included. */
  readonly trials: WebGpuBenchResult['trials'];
  readonly vendor?: { readonly device: string; readonly torch: string };
}

export interface BenchReportRow {
  readonly path: string;
  readonly variant: string;
  readonly shape: Shape;
  readonly gemm_gops: number;
  readonly attempt_gops: number;
  /** attempt_gops / gemm_gops. */
  readonly ratio: number;
  /** Of the vendor's int8 GEMM on the same layers. */
  readonly vendor_gops?: number;
  /** gemm_gops / vendor_gops. */
  readonly vendor_ratio?: number;
}

/** What vendor-int-mm.py prints. */
export interface VendorFigures {
  readonly device: string;
  readonly torch: string;
  readonly rows: readonly { readonly shape: string; readonly vendor_gops: number }[];
}

export function toReportRow(row: WebGpuBenchRow, vendor?: VendorFigures): BenchReportRow {
  const { path, variant, shape, gemmGops, attemptGops, ratio } = row;
  const { m, n, k } = shape;
  const vendorGops = vendor?.rows.find((each) => each.shape === `${m},${n},${k}`)?.vendor_gops;
  return {
    path,
    variant,
    shape: { m, n, k },
    gemm_gops: gemmGops,
    attempt_gops: attemptGops,
    ratio,
    ...(vendorGops !== undefined && {
      vendor_gops: vendorGops,
      vendor_ratio: gemmGops / vendorGops,
    }),
  };
}

export function makeReport(
  { adapter, rows, missing, trials }: WebGpuBenchResult,
  made: { readonly commit: string; readonly dawn: string; readonly at: Date },
  vendor?: VendorFigures,
): BenchReport {
  const { driver, ...device } = adapter;
  return {
    measured_at: made.at.toISOString(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memory_bytes: totalmem(),
      system: `${platform()} ${release()} ${arch()}`,
    },
    adapter: device,
    driver,
    versions: { node: process.version, dawn: made.dawn, kernel: KERNEL_VERSION },
    commit: made.commit,
    rows: rows.map((row) => toReportRow(row, vendor)),
    missing,
    trials,
    ...(vendor && { vendor: { device: vendor.device, torch: vendor.torch } }),
  };
}

const columns = ['path', 'shape m×n×k', 'GEMM GOP/s', 'attempt GOP/s', 'ratio', 'of vendor'];
const widths = [15, 20, 11, 13, 6, 9];

/** Head of the table, or one row of it. */
export function tableLine(row?: BenchReportRow): string {
  return (row ? [...cells(row), row.variant] : [...columns, 'variant'])
    .map((cell, i) => cell.padStart(widths[i] ?? 0))
    .join('  ');
}

function cells(row: BenchReportRow): string[] {
  const { m, n, k } = row.shape;
  const share = row.vendor_ratio === undefined ? '-' : row.vendor_ratio.toFixed(3);
  const figures = [figure(row.gemm_gops), figure(row.attempt_gops), row.ratio.toFixed(3), share];
  return [row.path, `${m}×${n}×${k}`, ...figures];
}

/** A software adapter's figures differ in the third place, a GPU's have five before it. */
function figure(gops: number): string {
  return gops.toFixed(gops < 10 ? 3 : 1);
}
