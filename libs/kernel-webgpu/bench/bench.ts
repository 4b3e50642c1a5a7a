// Table path × shape, and the same as JSON in the file --json names. Options: --adapter, --backend, --shapes "m,n,k;…",
// --attempts, --paths, --software (measure a software adapter all the same).
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Shape } from '@tops/protocol';
import type { GemmPathName } from '../src/gemm-path.ts';
import { benchWebGpuKernel, type WebGpuBenchRow } from '../src/webgpu-bench.ts';

const { values } = parseArgs({
  options: {
    adapter: { type: 'string' },
    backend: { type: 'string' },
    shapes: { type: 'string' },
    attempts: { type: 'string', default: '8' },
    paths: { type: 'string', default: 'subgroup-matrix,dot4,plain' },
    software: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const gpuShapes =
  '65536,1024,1024;262144,1024,1024;65536,2048,2048;32768,4096,4096;1048576,256,256';
const softwareShapes = '1024,256,256;512,512,512';

function parseShape(text: string): Shape {
  const [m = 0, n = 0, k = 0] = text.split(',').map(Number);
  return { m, n, k };
}

const columns = ['path', 'shape m×n×k', 'GEMM GOP/s', 'attempt GOP/s', 'ratio', 'variant'];
const widths = [15, 20, 11, 13, 6, 0];

function printLine(cells: readonly string[]): void {
  console.log(cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  '));
}

/** A software adapter's figures differ in the third place, a GPU's have five before it. */
function figure(gops: number): string {
  return gops.toFixed(gops < 10 ? 3 : 1);
}

function printRow({ path, shape, gemmGops, attemptGops, ratio, variant }: WebGpuBenchRow): void {
  const size = `${shape.m}×${shape.n}×${shape.k}`;
  printLine([path, size, figure(gemmGops), figure(attemptGops), ratio.toFixed(3), variant]);
}

const { adapter, backend, software } = values;
printLine(columns);
const shapes = (values.shapes ?? (software ? softwareShapes : gpuShapes))
  .split(';')
  .map(parseShape);
const result = await benchWebGpuKernel(
  {
    shapes,
    paths: values.paths.split(',') as GemmPathName[],
    attemptCount: Number(values.attempts),
    kernel: {
      allowSoftware: software,
      ...(adapter !== undefined && { adapter }),
      ...(backend !== undefined && { backend }),
    },
  },
  printRow,
);
const { name, driver } = result.adapter;
const host = `${cpus()[0]?.model ?? 'unknown'}, ${platform()} ${arch()}, Node.js ${process.version}`;
console.log(`\n${name}; ${driver}; ${host}; ${new Date().toISOString()}`);
for (const { path, reason } of result.missing) console.log(`not measured: ${path}: ${reason}`);
if (values.json !== undefined) {
  writeFileSync(
    values.json,
    `${JSON.stringify({ ...result, host, measuredAt: new Date() }, null, 2)}\n`,
  );
}
process.exit(0);
