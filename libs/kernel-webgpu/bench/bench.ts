// Prints a table, path × shape, and writes the same as JSON; benchUsage lists the options.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { dawnVersion } from '../src/device/adapter.ts';
import { benchWebGpuKernel } from '../src/webgpu-bench.ts';
import { benchUsage, readBenchOptions, type BenchOptions } from './bench-options.ts';
import { makeReport, tableLine, toReportRow, type VendorFigures } from './bench-report.ts';

/** Of the checkout this was bundled from: the machine that runs it may have none. */
declare const BENCH_COMMIT: string;

const EXIT_USAGE = 2;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

await main();
// Dawn's instance would keep the process alive.
process.exit();

async function main(): Promise<void> {
  let options: BenchOptions | 'help';
  try {
    options = readBenchOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (options === 'help') print(benchUsage);
  else await measure(options);
}

async function measure(options: BenchOptions): Promise<void> {
  const { shapes, paths, attemptCount, adapter, backend, allowSoftware } = options;
  const vendor =
    options.vendorPath === undefined
      ? undefined
      : (JSON.parse(readFileSync(options.vendorPath, 'utf8')) as VendorFigures);
  print(tableLine());
  const result = await benchWebGpuKernel(
    {
      shapes,
      paths,
      attemptCount,
      kernel: {
        allowSoftware,
        ...(adapter !== undefined && { adapter }),
        ...(backend !== undefined && { backend }),
      },
    },
    (row) => print(tableLine(toReportRow(row, vendor))),
  );
  const made = { commit: BENCH_COMMIT, dawn: dawnVersion(), at: new Date() };
  const report = makeReport(result, made, vendor);
  const { machine, driver, versions, commit } = report;
  print(`\n${report.adapter.name}; ${driver}; ${machine['cpu']}, ${machine['system']}`);
  print(
    `Node.js ${versions.node}, Dawn of webgpu ${versions.dawn}; ${commit}; ${report.measured_at}`,
  );
  for (const { path, reason } of result.missing) print(`not measured: ${path}: ${reason}`);
  if (options.jsonPath === undefined) return;
  writeFileSync(options.jsonPath, `${JSON.stringify(report, null, 2)}\n`);
  print(`written: ${options.jsonPath}`);
}
